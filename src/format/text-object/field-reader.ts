import { DamageError } from '../../foundation/errors.ts'
import { isJsonObject } from './json-text.ts'
import type { JsonFields } from './json-text.ts'

export interface IntegerBounds {
  readonly min: number
  readonly max: number
}

export interface ListBounds {
  readonly itemCountMax: number
}

/** Reads the fields of one JSON object; every refusal names the field. */
export interface FieldReader {
  /** Refuses fields that are not in the list. */
  only(names: readonly string[]): void
  has(name: string): boolean
  literal<const T extends string | number>(name: string, values: readonly T[]): T
  integer(name: string, bounds?: Partial<IntegerBounds>): number
  /** Milliseconds since 1970, of a day that a calendar has. */
  time(name: string): number
  text(name: string, lengthMax: number): string
  /** Lower-case hexadecimal digits of exactly that many bytes. */
  hex(name: string, bytes: number): string
  object(name: string): FieldReader
  list<T>(name: string, bounds: ListBounds, readItem: ItemReader<T>): T[]
  /** The value as it is, for types that only one object has. */
  raw(name: string): unknown
  damage(name: string, state: string): DamageError
}

/** The last moment of ECMAScript's calendar, in the year 275,760. What lies beyond cannot be shown. */
const timeMsMax = 8_640_000_000_000_000

/** @param path The item's name for messages, such as `paths[3]`. */
export type ItemReader<T> = (value: unknown, path: string) => T

/**
 * @param objectName For messages: "config", "snapshot".
 * @param prefix Path of the object within its document, empty or ending in a dot.
 */
export function createFieldReader(
  fields: JsonFields,
  objectName: string,
  prefix = '',
): FieldReader {
  const damage = (name: string, state: string): DamageError =>
    fieldDamage(objectName, `${prefix}${name}`, state)
  // Own fields only: `constructor` and the like must not be found on the prototype.
  const raw = (name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined)
  const text = (name: string, lengthMax: number): string => {
    const value = raw(name)
    if (typeof value !== 'string') throw damage(name, 'it is no text')
    if (value.length > lengthMax) throw damage(name, `${value.length} characters are too many`)
    return value
  }
  return {
    raw,
    damage,
    text,
    has: (name) => Object.hasOwn(fields, name),
    only(names) {
      const unknown = Object.keys(fields).find((name) => !names.includes(name))
      if (unknown !== undefined) throw damage(unknown.slice(0, 64), 'the field is unknown')
    },
    literal(name, values) {
      const value = raw(name)
      const found = values.find((candidate) => candidate === value)
      if (found === undefined) throw damage(name, `it is none of ${values.join(', ')}`)
      return found
    },
    integer(name, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}) {
      const value = raw(name)
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
        throw damage(name, 'it is no whole number')
      }
      if (value < min || value > max) throw damage(name, `${value} is not within ${min} to ${max}`)
      return value
    },
    time(name) {
      return this.integer(name, { max: timeMsMax })
    },
    hex(name, bytes) {
      const value = text(name, bytes * 2)
      if (value.length !== bytes * 2 || !/^[0-9a-f]*$/.test(value)) {
        throw damage(name, `it is not ${bytes * 2} lower-case hexadecimal digits`)
      }
      return value
    },
    object(name) {
      const value = raw(name)
      if (!isJsonObject(value)) throw damage(name, 'it is no object')
      return createFieldReader(value, objectName, `${prefix}${name}.`)
    },
    list(name, { itemCountMax }, readItem) {
      const value = raw(name)
      if (!Array.isArray(value)) throw damage(name, 'it is no list')
      if (value.length > itemCountMax) throw damage(name, `${value.length} items are too many`)
      return value.map((item: unknown, index) => readItem(item, `${prefix}${name}[${index}]`))
    },
  }
}

/** The refusal of one field, named by its path. */
export function fieldDamage(objectName: string, path: string, state: string): DamageError {
  return new DamageError(`Cannot read ${objectName}, field "${path}": ${state}`, {
    facts: { field: path },
  })
}
