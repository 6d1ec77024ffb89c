import { DamageError } from '../../foundation/errors.ts'
import { jsonFault } from './json-fault.ts'

/** A JSON object as it was read: nothing is known of its values yet. */
export type JsonFields = Readonly<Record<string, unknown>>

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads bytes as UTF-8 and refuses others, instead of replacing them.
 *
 * @param name What it is, for the message: "config", "snapshot".
 * @throws {DamageError} `OBJECT_DAMAGED`
 */
export function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new DamageError(`Cannot read ${name}: it is not UTF-8`, { cause })
  }
}

/**
 * Parses one JSON object. A field called `__proto__` stays a plain field of its own object and is
 * refused or ignored like any other unknown field; no value of the text is ever assigned by name.
 *
 * @throws {DamageError} `OBJECT_DAMAGED` when it is no JSON object, or has what two readers could take in two ways (`jsonFault`).
 */
export function parseJsonObject(text: string, name: string): JsonFields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new DamageError(`Cannot read ${name}: it is not JSON`, { cause })
  }
  if (!isJsonObject(value)) throw new DamageError(`Cannot read ${name}: it is no JSON object`)
  const fault = jsonFault(text)
  if (fault !== undefined) throw new DamageError(`Cannot read ${name}: ${fault}`)
  return value
}

export function isJsonObject(value: unknown): value is JsonFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
