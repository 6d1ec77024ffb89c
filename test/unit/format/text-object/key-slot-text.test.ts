import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import type { KeySlot } from '../../../../src/format/encryption/key-slot.ts'
import { decodeKeySlot, encodeKeySlot } from '../../../../src/format/text-object/key-slot-text.ts'
import { encodeTextObject } from '../../../../src/format/text-object/text-object.ts'
import { acceptedChanges, errorOf } from '../object/refusals.ts'

const slot: KeySlot = {
  version: 1,
  slotId: '11'.repeat(16),
  repositoryId: '22'.repeat(16),
  createdAtMs: 1_767_225_600_000,
  label: 'Ada’s key',
  kdf: 'argon2id',
  memoryKiB: 65_536,
  passes: 3,
  lanes: 4,
  salt: '33'.repeat(32),
  nonce: '44'.repeat(12),
  wrapped: '55'.repeat(48),
  commitment: '66'.repeat(32),
}
const bytes = encodeKeySlot(slot)

function decodeWith(change: object): KeySlot {
  const json = JSON.stringify({ ...slot, ...change })
  return decodeKeySlot(encodeTextObject('holdfast key slot', json))
}

describe('encodeKeySlot()', () => {
  it('writes the fields in the order of the format', () => {
    expect(bytes.toString().split('\n')[1]).toBe(JSON.stringify(slot))
    const reversed = Object.fromEntries(Object.entries(slot).reverse()) as unknown as KeySlot
    expect(encodeKeySlot(reversed)).toEqual(bytes)
  })

  it('refuses what no reader would take', () => {
    expect(() => encodeKeySlot({ ...slot, passes: 0 })).toThrow(RangeError)
  })
})

describe('decodeKeySlot()', () => {
  it('reads back what was written', () => {
    const expected = { slotId: slot.slotId, repositoryId: slot.repositoryId }
    expect(decodeKeySlot(bytes, expected)).toEqual(slot)
  })

  it('refuses every cut and every flipped bit', () => {
    expect(acceptedChanges(bytes, (changed) => decodeKeySlot(changed))).toEqual([])
  })

  it('refuses a slot under another name or of another repository', () => {
    expect(() => decodeKeySlot(bytes, { slotId: '00'.repeat(16) })).toThrow(DamageError)
    expect(() => decodeKeySlot(bytes, { repositoryId: '00'.repeat(16) })).toThrow(DamageError)
  })

  it.each([
    ['version', { version: 2 }],
    ['slotId', { slotId: '' }],
    ['repositoryId', { repositoryId: null }],
    ['createdAtMs', { createdAtMs: '0' }],
    ['label', { label: 'x'.repeat(1_025) }],
    ['kdf', { kdf: 'argon2d' }],
    ['memoryKiB', { memoryKiB: 8_191 }],
    ['memoryKiB', { memoryKiB: 4_194_305 }],
    ['passes', { passes: 0 }],
    ['passes', { passes: 65 }],
    ['lanes', { lanes: 0 }],
    ['lanes', { lanes: 65 }],
    ['lanes', { lanes: 1.5 }],
    ['salt', { salt: '33'.repeat(31) }],
    ['nonce', { nonce: '44'.repeat(16) }],
    ['wrapped', { wrapped: '55'.repeat(36) }],
    ['commitment', { commitment: undefined }],
    ['hint', { hint: 'x' }],
  ])('refuses a wrong %s and names it: %j', (field, change) => {
    const error = errorOf(() => decodeWith(change))
    expect(error).toBeInstanceOf(DamageError)
    expect(error).toMatchObject({ facts: { field } })
  })
})
