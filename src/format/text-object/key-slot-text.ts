import { kdfBounds } from '../encryption/kdf-parameters.ts'
import { slotLabelLengthMax } from '../encryption/key-slot.ts'
import type { KeySlot } from '../encryption/key-slot.ts'
import { createFieldReader } from './field-reader.ts'
import { parseJsonObject } from './json-text.ts'
import { decodeTextObject, encodeTextObject } from './text-object.ts'

const kind = 'holdfast key slot'
const objectName = 'key slot'
const fieldNames = [
  'version',
  'slotId',
  'repositoryId',
  'createdAtMs',
  'label',
  'kdf',
  'memoryKiB',
  'passes',
  'lanes',
  'salt',
  'nonce',
  'wrapped',
  'commitment',
] as const satisfies readonly (keyof KeySlot)[]

/**
 * Writes a `keys/…` object.
 *
 * @throws {RangeError} when the slot breaks a rule of the format.
 */
export function encodeKeySlot(slot: KeySlot): Buffer {
  const ordered = Object.fromEntries(fieldNames.map((name) => [name, slot[name]]))
  const bytes = encodeTextObject(kind, JSON.stringify(ordered))
  try {
    decodeKeySlot(bytes)
  } catch (cause) {
    throw new RangeError('The key slot is not valid', { cause })
  }
  return bytes
}

/** What the reader knows of a slot before it reads it; hexadecimal, checked when given. */
export interface KeySlotExpectation {
  readonly slotId?: string
  readonly repositoryId?: string
}

/**
 * Reads a `keys/…` object.
 *
 * @throws {DamageError} `OBJECT_DAMAGED`, naming the field; also for key parameters out of bounds.
 * @throws {RepositoryError} `FORMAT_UNSUPPORTED` when a newer program wrote it.
 */
export function decodeKeySlot(bytes: Uint8Array, expected: KeySlotExpectation = {}): KeySlot {
  const text = decodeTextObject(kind, bytes)
  const fields = createFieldReader(parseJsonObject(text, objectName), objectName)
  fields.only(fieldNames)
  const slot: KeySlot = {
    version: fields.literal('version', [1]),
    slotId: fields.hex('slotId', 16),
    repositoryId: fields.hex('repositoryId', 16),
    createdAtMs: fields.time('createdAtMs'),
    label: fields.text('label', slotLabelLengthMax),
    kdf: fields.literal('kdf', ['argon2id']),
    memoryKiB: fields.integer('memoryKiB', kdfBounds.memoryKiB),
    passes: fields.integer('passes', kdfBounds.passes),
    lanes: fields.integer('lanes', kdfBounds.lanes),
    salt: fields.hex('salt', 32),
    nonce: fields.hex('nonce', 12),
    wrapped: fields.hex('wrapped', 48),
    commitment: fields.hex('commitment', 32),
  }
  if (slot.slotId !== (expected.slotId ?? slot.slotId)) {
    throw fields.damage('slotId', 'it is not the name of the object')
  }
  if (slot.repositoryId !== (expected.repositoryId ?? slot.repositoryId)) {
    throw fields.damage('repositoryId', 'the slot belongs to another repository')
  }
  return slot
}
