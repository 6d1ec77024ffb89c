import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import { createCompressor } from '../../../../src/format/compression/zstd.ts'
import { encodeFrameDescriptor } from '../../../../src/format/encryption/frame-descriptor.ts'
import { createFrameSealer } from '../../../../src/format/encryption/frame-sealer.ts'
import { encodeObjectHeader } from '../../../../src/format/object/object-header.ts'
import { objectIdOf } from '../../../../src/format/object/object-name.ts'
import { openSmallObject, sealSmallObject } from '../../../../src/format/object/small-object.ts'
import type { SmallObjectKind } from '../../../../src/format/object/small-object.ts'
import { countingBytes, frameRootKey, repositoryId, salt } from './fixed-repository.ts'
import { acceptedChanges } from './refusals.ts'

const compressor = createCompressor(3)
const plaintext = Buffer.from(
  '{"version":1,"tags":["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]}',
)
const kindOf = (sealed: boolean): SmallObjectKind => ({
  type: 'snapshot',
  repositoryId,
  sealed,
  frameRootKey,
})

// Stored, role 0, number 0, twice 8 bytes.
const descriptorText = '00000000' + '00000000' + '08000000' + '08000000'

describe.each([true, false])('small objects, encrypted: %s', (sealed) => {
  const kind = kindOf(sealed)

  it.each([
    ['empty', Buffer.alloc(0)],
    ['one byte', Buffer.from([7])],
    ['incompressible', countingBytes(256)],
    ['compressible', plaintext],
    ['longer than a piece of the cipher', Buffer.alloc(200_000, 'abc')],
  ])('give back the plaintext: %s', (_name, plain) => {
    const { id, bytes } = sealSmallObject({ ...kind, plaintext: plain, compressor })
    expect(id).toBe(objectIdOf(bytes))
    expect(openSmallObject(bytes, { ...kind, id }).equals(plain)).toBe(true)
  })

  it('refuse every cut and every flipped bit, also without a name to compare with', () => {
    const { bytes } = sealSmallObject({ ...kind, plaintext, compressor })
    expect(acceptedChanges(bytes, (changed) => openSmallObject(changed, kind))).toEqual([])
  })

  it('refuse anything behind the tag', () => {
    const { bytes } = sealSmallObject({ ...kind, plaintext, compressor })
    const longer = Buffer.concat([bytes, Buffer.from([0])])
    expect(() => openSmallObject(longer, kind)).toThrow(DamageError)
  })

  it('refuse another type, repository, key or name', () => {
    const { bytes } = sealSmallObject({ ...kind, plaintext, compressor })
    const other = sealSmallObject({ ...kind, plaintext, compressor })
    for (const change of [
      { type: 'journal' as const },
      { repositoryId: countingBytes(16) },
      { sealed: !sealed },
      { frameRootKey: countingBytes(32) },
      { id: other.id },
    ]) {
      expect(() => openSmallObject(bytes, { ...kind, ...change })).toThrow(DamageError)
    }
  })

  it('refuse a header that claims another type or repository to suit the reader', () => {
    const { bytes } = sealSmallObject({ ...kind, plaintext, compressor })
    const forged = Buffer.from(bytes)
    forged[9] = 4
    expect(() => openSmallObject(forged, { ...kind, type: 'journal' })).toThrow(DamageError)
    const moved = Buffer.from(bytes)
    moved.set(countingBytes(16), 16)
    const elsewhere = { ...kind, repositoryId: countingBytes(16) }
    expect(() => openSmallObject(moved, elsewhere)).toThrow(DamageError)
  })

  it('refuse a frame that was sealed for another place, by whoever has the key', () => {
    const header = encodeObjectHeader({ type: 'snapshot', sealed, repositoryId, salt })
    for (const place of [
      { role: 0 as const, frameNumber: 1 },
      { role: 1 as const, frameNumber: 0 },
    ]) {
      const length = plaintext.length
      const descriptor = { ...place, codec: 0 as const, plainBytes: length, payloadBytes: length }
      const frame = Buffer.alloc(length + 16)
      createFrameSealer({ frameRootKey, header }).seal(descriptor, plaintext, frame, 0)
      const bytes = Buffer.concat([header, encodeFrameDescriptor(descriptor), frame])
      expect(() => openSmallObject(bytes, kind)).toThrow(/another place/)
    }
  })

  it('differ when the same plaintext is written twice', () => {
    const first = sealSmallObject({ ...kind, plaintext, compressor })
    const second = sealSmallObject({ ...kind, plaintext, compressor })
    expect(first.id).not.toBe(second.id)
    expect(first.bytes.subarray(32, 64).equals(second.bytes.subarray(32, 64))).toBe(false)
    if (sealed) expect(first.bytes.subarray(80, 96)).not.toEqual(second.bytes.subarray(80, 96))
  })
})

describe('sealSmallObject()', () => {
  it('refuses a plaintext that no reader would take', () => {
    const long = { ...kindOf(true), plaintext: new Uint8Array(33_554_433), compressor }
    expect(() => sealSmallObject(long)).toThrow(RangeError)
  })

  // Pinned: a repository written once has to stay readable for ever.
  it.each([
    [true, descriptorText + '5f1b33a20346a6f0' + '1242f3586d085c0b29c59ff4e0c25dbe'],
    [false, descriptorText + '686f6c6466617374' + '0ec2d9b4f76bf6e924cc0772ccdac099'],
  ])('writes the pinned bytes, encrypted: %s', (sealed, golden) => {
    const stored = Buffer.from('holdfast')
    const { bytes } = sealSmallObject({ ...kindOf(sealed), plaintext: stored, compressor, salt })
    expect(bytes.subarray(64).toString('hex')).toBe(golden)
  })
})

describe('openSmallObject()', () => {
  it('reads the pinned compressed object', () => {
    const bytes = Buffer.from(
      [
        '484f4c44464153540103010000000000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf',
        '404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f',
        '010000000000000049000000290000001fc1703b456ed085c81f7111c935fcad',
        '186015cfae06d334870ab854422f2cb8db315827d9d6d40b88df29b71c251830',
        '7dfc60c5b5bcd586e3',
      ].join(''),
      'hex',
    )
    expect(openSmallObject(bytes, kindOf(true)).equals(plaintext)).toBe(true)
  })
})
