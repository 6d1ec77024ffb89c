import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import {
  decodeFrameDescriptor,
  encodeFrameDescriptor,
  framePlainBytesMax,
  listPlainBytesMax,
} from '../../../../src/format/encryption/frame-descriptor.ts'
import type { FrameDescriptor } from '../../../../src/format/encryption/frame-descriptor.ts'

const descriptor: FrameDescriptor = {
  codec: 1,
  role: 1,
  frameNumber: 0x01020304,
  plainBytes: 0x01f00000,
  payloadBytes: 0x01effffe,
}
const bytes = encodeFrameDescriptor(descriptor)

describe('encodeFrameDescriptor()', () => {
  it('writes the 16 bytes of the format', () => {
    expect(bytes.toString('hex')).toBe('01010000' + '04030201' + '0000f001' + 'feffef01')
  })

  it('refuses a stored frame whose lengths differ', () => {
    expect(() => encodeFrameDescriptor({ ...descriptor, codec: 0 })).toThrow(RangeError)
  })

  it('refuses numbers above 32 bits', () => {
    expect(() => encodeFrameDescriptor({ ...descriptor, frameNumber: 2 ** 32 })).toThrow(RangeError)
  })
})

describe('decodeFrameDescriptor()', () => {
  it('reads back what was written', () => {
    expect(decodeFrameDescriptor(bytes, framePlainBytesMax)).toEqual(descriptor)
  })

  it.each([
    ['a cut', bytes.subarray(0, 15)],
    ['an unknown codec', changed(0, 2)],
    ['an unknown role', changed(1, 2)],
    ['a reserved byte', changed(2, 1)],
    ['another reserved byte', changed(3, 128)],
    ['a stored frame whose lengths differ', changed(0, 0)],
    ['too much plaintext', changed(11, 2)],
    ['a payload that is longer than what it expands to', changed(15, 2)],
  ])('refuses %s', (_name, wrong) => {
    expect(() => decodeFrameDescriptor(wrong, framePlainBytesMax)).toThrow(DamageError)
  })

  it('allows lists to be longer', () => {
    const list = encodeFrameDescriptor({ ...descriptor, plainBytes: listPlainBytesMax })
    expect(decodeFrameDescriptor(list, listPlainBytesMax).plainBytes).toBe(listPlainBytesMax)
    const longer = encodeFrameDescriptor({ ...descriptor, plainBytes: listPlainBytesMax + 1 })
    expect(() => decodeFrameDescriptor(longer, listPlainBytesMax)).toThrow(DamageError)
  })
})

function changed(index: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[index] = value
  return copy
}
