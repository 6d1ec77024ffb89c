import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import {
  decodePackFooter,
  encodePackFooter,
  trailerOffset,
} from '../../../../src/format/pack/pack-footer.ts'
import type { PackFooter } from '../../../../src/format/pack/pack-footer.ts'

const footer: PackFooter = {
  trailerPayloadBytes: 0x0102,
  trailerPlainBytes: 0x0304,
  trailerCodec: 1,
  paddingBytes: 0x0506,
  packBytes: 0x070809,
}
const bytes = encodePackFooter(footer)

describe('encodePackFooter()', () => {
  it('writes the bytes of the format', () => {
    expect(bytes.toString('latin1', 24)).toBe('HFPACKv1')
    expect(bytes.toString('hex', 0, 24)).toBe(
      '02010000' + '04030000' + '01' + '000000' + '06050000' + '0908070000000000',
    )
  })

  it.each([
    ['a pack above 4 GiB', { packBytes: 4_294_967_296 }],
    ['a pack that does not hold its parts', { packBytes: 100 }],
    ['a stored trailer whose lengths differ', { trailerCodec: 0 as const }],
    ['a trailer above 256 MiB', { trailerPlainBytes: 268_435_457 }],
  ])('refuses %s', (_name, change) => {
    expect(() => encodePackFooter({ ...footer, ...change })).toThrow(RangeError)
  })
})

describe('decodePackFooter()', () => {
  it('reads back what was written', () => {
    expect(decodePackFooter(bytes, footer.packBytes)).toEqual(footer)
    expect(trailerOffset(footer)).toBe(0x070809 - 32 - 16 - 0x0102)
  })

  it.each([
    ['a cut', () => decodePackFooter(bytes.subarray(1), footer.packBytes)],
    ['a pack of another length', () => decodePackFooter(bytes, footer.packBytes - 1)],
    ['another ending', () => decodePackFooter(changed(31, 0x32), footer.packBytes)],
    ['an unknown codec', () => decodePackFooter(changed(8, 2), footer.packBytes)],
    ['reserved bytes', () => decodePackFooter(changed(11, 1), footer.packBytes)],
    ['padding longer than the pack', () => decodePackFooter(changed(15, 1), footer.packBytes)],
    ['a length with high bits', () => decodePackFooter(changed(23, 1), footer.packBytes)],
  ])('refuses %s', (_name, read) => {
    expect(read).toThrow(DamageError)
  })
})

function changed(index: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[index] = value
  return copy
}
