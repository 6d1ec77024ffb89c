import type { Condemnation } from '../../model/condemnation.ts'
import { isObjectId, type ObjectId } from '../../model/ids.ts'
import { createFieldReader, fieldDamage } from '../text-object/field-reader.ts'
import { decodeUtf8, parseJsonObject } from '../text-object/json-text.ts'

const objectName = 'condemned object'
/** With 64 digits each and two lists, below the 32 MiB that a small object may hold. */
export const condemnedItemsMax = 200_000

/** Writes the plaintext of a condemned object (docs/FORMAT.md, section 14). */
export function encodeCondemnation(condemnation: Condemnation): Buffer {
  const { version, atMs, packs, marked } = condemnation
  if (packs.length > condemnedItemsMax || marked.length > condemnedItemsMax) {
    throw new RangeError('Too many items for one condemned object')
  }
  return Buffer.from(JSON.stringify({ version, atMs, packs, marked }), 'utf8')
}

/** @throws {DamageError} `OBJECT_DAMAGED`, naming the field */
export function decodeCondemnation(plaintext: Uint8Array): Condemnation {
  const fields = createFieldReader(
    parseJsonObject(decodeUtf8(plaintext, objectName), objectName),
    objectName,
  )
  const bounds = { itemCountMax: condemnedItemsMax }
  return {
    version: fields.literal('version', [1]),
    atMs: fields.integer('atMs'),
    packs: fields.list('packs', bounds, readId),
    marked: fields.list('marked', bounds, readId),
  }
}

function readId(value: unknown, name: string): ObjectId {
  if (typeof value === 'string' && isObjectId(value)) return value
  throw fieldDamage(objectName, name, 'it is no object id')
}
