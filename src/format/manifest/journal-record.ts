import { journalKinds, type JournalRecord } from '../../model/journal-record.ts'
import { framePlainBytesMax } from '../encryption/frame-descriptor.ts'
import { createFieldReader } from '../text-object/field-reader.ts'
import { decodeUtf8, isJsonObject, parseJsonObject } from '../text-object/json-text.ts'

const objectName = 'journal object'
/** Levels of lists and objects within a record. */
const depthMax = 32

/**
 * Writes the plaintext of a journal object (docs/FORMAT.md, section 12): `version`, `kind`, `atMs`,
 * then all other fields in the order of their names, so that equal records give equal bytes.
 *
 * @throws {RangeError} when the record breaks a rule that `decodeJournalRecord` checks.
 */
export function encodeJournalRecord(record: JournalRecord): Buffer {
  const { version, kind, atMs, ...others } = record
  let text: string
  try {
    const names = Object.keys(others).sort()
    const rest = names.map((name) => [name, orderNames(others[name], 1)])
    text = JSON.stringify(
      Object.fromEntries([['version', version], ['kind', kind], ['atMs', atMs], ...rest]),
    )
  } catch (cause) {
    throw new RangeError('The record cannot be written as JSON', { cause })
  }
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.length > framePlainBytesMax) throw new RangeError('The record is longer than 32 MiB')
  let decoded: JournalRecord | undefined
  try {
    decoded = decodeJournalRecord(bytes)
  } catch (cause) {
    throw new RangeError('The record is not valid', { cause })
  }
  if (decoded === undefined) throw new RangeError(`A record of kind "${kind}" is unknown`)
  return bytes
}

/**
 * Reads the plaintext of a journal object; fields that this version does not know are kept.
 *
 * @returns undefined for a kind that this version does not know: readers ignore it.
 * @throws {DamageError} `OBJECT_DAMAGED`, naming the field.
 */
export function decodeJournalRecord(plaintext: Uint8Array): JournalRecord | undefined {
  const parsed = parseJsonObject(decodeUtf8(plaintext, objectName), objectName)
  const fields = createFieldReader(parsed, objectName)
  const version = fields.literal('version', [1])
  const kindText = fields.text('kind', 64)
  const atMs = fields.time('atMs')
  const kind = journalKinds.find((known) => known === kindText)
  if (kind === undefined) return undefined
  for (const name of Object.keys(parsed)) {
    if (name === '__proto__') throw fields.damage(name, 'the name is not allowed')
    if (!isPlain(parsed[name], 1)) {
      throw fields.damage(name.slice(0, 64), 'it is nested too deeply or holds "__proto__"')
    }
  }
  return { ...parsed, version, kind, atMs }
}

function isPlain(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (depth > depthMax || Object.hasOwn(value, '__proto__')) return false
  return Object.values(value).every((item) => isPlain(item, depth + 1))
}

function orderNames(value: unknown, depth: number): unknown {
  if (depth > depthMax) throw new RangeError('The record is nested too deeply')
  if (Array.isArray(value)) return value.map((item: unknown) => orderNames(item, depth + 1))
  if (!isJsonObject(value)) return value
  const names = Object.keys(value).sort()
  return Object.fromEntries(names.map((name) => [name, orderNames(value[name], depth + 1)]))
}
