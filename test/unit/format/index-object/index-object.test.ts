import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import { toObjectId } from '../../../../src/model/ids.ts'
import {
  decodeIndexObject,
  encodeIndexObject,
  indexEntryBytes,
} from '../../../../src/format/index-object/index-object.ts'
import type { IndexEntry } from '../../../../src/format/index-object/index-object.ts'
import { decodePackTrailer } from '../../../../src/format/pack/pack-trailer.ts'
import { createCompressor } from '../../../../src/format/compression/zstd.ts'
import { openSmallObject, sealSmallObject } from '../../../../src/format/object/small-object.ts'
import { decodePack } from '../../../../src/format/pack/pack-reader.ts'
import { countingBytes, frameRootKey, repositoryId, salt } from '../object/fixed-repository.ts'
import { acceptedChanges } from '../object/refusals.ts'
import { buildPack } from '../pack/build-pack.ts'

const entries: IndexEntry[] = [
  {
    packId: toObjectId(countingBytes(32, 1).toString('hex')),
    salt,
    packBytes: 4_294_967_295,
    trailer: Buffer.from('first'),
  },
  {
    packId: toObjectId(countingBytes(32, 2).toString('hex')),
    salt: countingBytes(32),
    packBytes: 112,
    trailer: Buffer.alloc(0),
  },
]
const bytes = encodeIndexObject(entries)
const secondEntryAt = 4 + indexEntryBytes(5)

function changed(offset: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt32LE(value, offset)
  return copy
}

describe('encodeIndexObject()', () => {
  it('writes the bytes of the format', () => {
    expect(bytes.toString('hex')).toBe(
      '02000000' +
        (entries[0].packId + salt.toString('hex') + 'ffffffff00000000' + '05000000') +
        Buffer.from('first').toString('hex') +
        (entries[1].packId + countingBytes(32).toString('hex') + '7000000000000000' + '00000000'),
    )
  })

  it.each([
    ['a salt of another length', { salt: Buffer.alloc(31) }],
    ['a pack above 4 GiB', { packBytes: 4_294_967_296 }],
    ['a length that is no whole number', { packBytes: 1.5 }],
    ['an id that is none', { packId: 'FF' as IndexEntry['packId'] }],
  ])('refuses %s', (_name, change) => {
    expect(() => encodeIndexObject([{ ...entries[0], ...change }])).toThrow(RangeError)
  })

  it('refuses more than 256 MiB', () => {
    // One buffer in many places: nothing is copied before the sum is known.
    const trailer = Buffer.alloc(1 << 20)
    const many = Array.from({ length: 256 }, () => ({ ...entries[0], trailer }))
    expect(() => encodeIndexObject(many)).toThrow(/256 MiB/)
  })
})

describe('decodeIndexObject()', () => {
  it('reads back what was written', () => {
    expect(decodeIndexObject(bytes)).toEqual(entries)
    expect(decodeIndexObject(encodeIndexObject([]))).toEqual([])
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['something behind the last pack', Buffer.concat([bytes, Buffer.alloc(1)])],
    ['fewer packs than there are', changed(0, 1)],
    ['more packs than there are', changed(0, 3)],
    ['a count that would need terabytes', changed(0, 0xffff_ffff)],
    ['a pack above 4 GiB', changed(4 + 68, 1)],
    ['a trailer longer than the object', changed(secondEntryAt + 72, 0xffff_ffff)],
  ])('refuses %s', (_name, wrong) => {
    expect(() => decodeIndexObject(wrong)).toThrow(DamageError)
  })

  it('refuses every cut', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeIndexObject(bytes.subarray(0, length))).toThrow(DamageError)
    }
  })
})

describe('index objects', () => {
  const kind = { type: 'index' as const, repositoryId, sealed: true, frameRootKey }

  it('bring the trailer of a pack to the reader, and refuse every cut and flipped bit', () => {
    const segments = [{ kind: 0 as const, blobs: [Buffer.from('one'), Buffer.from('two')] }]
    const pack = buildPack({ segments, sealed: true })
    const { trailer, trailerPlain } = decodePack(pack, kind)
    const entry = { ...entries[1], packBytes: pack.length, trailer: trailerPlain }
    const plaintext = encodeIndexObject([entry])
    const sealed = sealSmallObject({ ...kind, plaintext, compressor: createCompressor(3) })
    const [read] = decodeIndexObject(openSmallObject(sealed.bytes, kind))
    expect(decodePackTrailer(read.trailer)).toEqual(trailer)
    const open = (wrong: Buffer) => decodeIndexObject(openSmallObject(wrong, kind))
    expect(acceptedChanges(sealed.bytes, open)).toEqual([])
  })
})
