import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'

type Schema = Record<string, unknown>

interface Operation {
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema: Schema }> }>>
}

export interface InterfaceDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

/** Holds what a server answers against the document of its interface: every field is described, and has a value that the document allows. */
export class AnswersOfDocument {
  readonly #document: InterfaceDocument
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true })
  readonly #validators = new Map<string, ValidateFunction>()

  constructor(document: InterfaceDocument) {
    this.#document = document
    this.#ajv.addSchema({ $id: 'document', components: closed(document.components) })
  }

  /** @throws {Error} with what is wrong, and where; also for an answer that the document does not know */
  check(method: string, path: string, status: number, answer: unknown): void {
    const validate = this.#validator(method.toLowerCase(), path, status)
    if (validate(answer)) return
    const faults = (validate.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
    )
    throw new Error(
      `${method} ${path} answered ${status} unlike its document: ${faults.join('; ')}\n${JSON.stringify(answer).slice(0, 2000)}`,
    )
  }

  #validator(method: string, path: string, status: number): ValidateFunction {
    const template = this.#templateOf(method, path)
    const responses =
      template === undefined ? undefined : this.#document.paths[template][method].responses
    const described = status >= 400 ? responses?.['default'] : responses?.[String(status)]
    const content = described?.content?.['application/json']
    // What is no endpoint is answered like everything that goes wrong.
    const schema = content?.schema ?? (status >= 400 ? errorReference : undefined)
    if (schema === undefined) throw new Error(`${method} ${path} ${status}: not in the document`)
    const key = `${method} ${template ?? ''} ${status >= 400 ? 'error' : status}`
    let validator = this.#validators.get(key)
    if (validator === undefined) {
      validator = this.#ajv.compile(closed(schema))
      this.#validators.set(key, validator)
    }
    return validator
  }

  /** `/a/{id}` for `/a/b`; of several the one without a parameter. */
  #templateOf(method: string, path: string): string | undefined {
    const { pathname } = new URL(path, 'http://localhost')
    return Object.entries(this.#document.paths)
      .filter(([template, operations]) => operations[method] && patternOf(template).test(pathname))
      .map(([template]) => template)
      .sort((left, right) => left.split('{').length - right.split('{').length)[0]
  }
}

const errorReference = { $ref: '#/components/schemas/Error' }

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`)
}

/** The document leaves room for fields of later versions; here each has to be described. References lead into the document. */
function closed<Value>(schema: Value): Value {
  if (Array.isArray(schema)) return schema.map(closed) as Value
  if (typeof schema !== 'object' || schema === null) return schema
  const copy = Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [
      name,
      name === '$ref' ? `document${String(value)}` : closed(value as unknown),
    ]),
  )
  const isOpen = !('additionalProperties' in copy) && 'properties' in copy
  return (isOpen ? { ...copy, additionalProperties: false } : copy) as Value
}
