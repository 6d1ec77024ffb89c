import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import { createDecompressor } from '../../../../src/format/compression/zstd.ts'
import { createFrameSealer } from '../../../../src/format/encryption/frame-sealer.ts'
import { createBlobHasher } from '../../../../src/format/hashing/blob-hasher.ts'
import { encodeObjectHeader } from '../../../../src/format/object/object-header.ts'
import { objectIdOf } from '../../../../src/format/object/object-name.ts'
import {
  decodePack,
  openSegment,
  readPackTrailer,
  segmentFormOf,
} from '../../../../src/format/pack/pack-reader.ts'
import type { OpenedPack, PackAccess } from '../../../../src/format/pack/pack-reader.ts'
import {
  countingBytes,
  frameRootKey,
  keys,
  repositoryId,
  salt,
} from '../object/fixed-repository.ts'
import { acceptedChanges } from '../object/refusals.ts'
import { buildPack } from './build-pack.ts'
import type { SegmentSource } from './build-pack.ts'

const decompressor = createDecompressor()
const segments: SegmentSource[] = [
  {
    kind: 0,
    blobs: [Buffer.from('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'), Buffer.from('bb')],
  },
  { kind: 1, blobs: [Buffer.from('tree')] },
  { kind: 0, blobs: [Buffer.from('c')], isStored: true },
]
const blobTexts = segments.flatMap(({ blobs }) => blobs.map((blob) => Buffer.from(blob).toString()))

function accessOf(sealed: boolean): PackAccess {
  return { frameRootKey, repositoryId, sealed, decompressor }
}

/** Every blob of a pack, each checked against its id as a reader has to. */
function readBlobs(bytes: Buffer, { trailer, opener }: OpenedPack): string[] {
  const texts: string[] = []
  for (let number = 0; number < trailer.segmentCount; number++) {
    const form = segmentFormOf(trailer, number)
    const start = trailer.offsets[number]
    const sealed = bytes.subarray(start, start + form.payloadBytes + 16)
    const plain = Buffer.from(openSegment({ opener, decompressor }, form, sealed))
    const hasher = createBlobHasher(trailer.kinds[number] === 0 ? keys.dataIdKey : keys.treeIdKey)
    let at = 0
    for (let blob = 0; blob < trailer.blobCounts[number]; blob++) {
      const place = trailer.firstBlobs[number] + blob
      const content = plain.subarray(at, at + trailer.blobLengths[place])
      const id = trailer.ids.subarray(place * 32, place * 32 + 32)
      if (!hasher.hash(content).equals(id)) throw new DamageError('Wrong id')
      texts.push(content.toString())
      at += content.length
    }
  }
  return texts
}

function rangesOf(bytes: Buffer): (offset: number, lengthBytes: number) => Promise<Buffer> {
  return (offset, lengthBytes) => Promise.resolve(bytes.subarray(offset, offset + lengthBytes))
}

describe.each([true, false])('packs, encrypted: %s', (sealed) => {
  const access = accessOf(sealed)

  it.each([
    [0, false],
    [0, true],
    [77, false],
  ])(
    'give back their blobs with %i bytes of padding, trailer stored: %s',
    (paddingBytes, isTrailerStored) => {
      const bytes = buildPack({ segments, sealed, paddingBytes, isTrailerStored })
      const pack = decodePack(bytes, access, objectIdOf(bytes))
      expect(pack.footer.paddingBytes).toBe(paddingBytes)
      expect(readBlobs(bytes, pack)).toEqual(blobTexts)
    },
  )

  it('give a trailer that does not keep the pack in memory', () => {
    // In memory of its own, not in the pool that small buffers share.
    const pack = buildPack({ segments, sealed, isTrailerStored: true })
    const bytes = Buffer.alloc(pack.length, pack)
    const { trailer, trailerPlain } = decodePack(bytes, access)
    for (const part of [trailerPlain, trailer.ids, trailer.blobLengths]) {
      expect(part.buffer).not.toBe(bytes.buffer)
    }
  })

  it('can be read by ranges, without the segments', async () => {
    const bytes = buildPack({ segments, sealed, paddingBytes: 5 })
    const asked: number[] = []
    const readRange = (offset: number, lengthBytes: number): Buffer => {
      asked.push(lengthBytes)
      return bytes.subarray(offset, offset + lengthBytes)
    }
    const pack = await readPackTrailer(readRange, bytes.length, access)
    expect(pack.trailer).toEqual(decodePack(bytes, access).trailer)
    expect(pack.trailerPlain).toEqual(decodePack(bytes, access).trailerPlain)
    expect(asked).toEqual([64, 32, pack.footer.trailerPayloadBytes + 16])
  })

  it('refuse every cut and every flipped bit, or still give the right blobs', () => {
    const bytes = buildPack({ segments, sealed, paddingBytes: 3 })
    const accepted = acceptedChanges(bytes, (changed) => {
      expect(readBlobs(changed, decodePack(changed, access))).toEqual(blobTexts)
    })
    const { segmentsEnd } = decodePack(bytes, access).trailer
    const padding = [0, 1, 2].flatMap((byte) =>
      Array.from({ length: 8 }, (_, bit) => `byte ${segmentsEnd + byte} bit ${bit}`),
    )
    expect(accepted).toEqual(padding)
  })

  it('refuse every cut and every flipped bit, in the padding too, when the name is known', () => {
    const bytes = buildPack({ segments, sealed, paddingBytes: 3 })
    const id = objectIdOf(bytes)
    expect(acceptedChanges(bytes, (changed) => decodePack(changed, access, id))).toEqual([])
  })

  it('refuse a length that the storage reports wrongly, and short answers', async () => {
    const bytes = buildPack({ segments, sealed })
    for (const packBytes of [0, 111, bytes.length - 1, bytes.length + 1, 2 ** 33]) {
      await expect(readPackTrailer(rangesOf(bytes), packBytes, access)).rejects.toThrow(DamageError)
    }
    const short = (offset: number, lengthBytes: number): Buffer =>
      bytes.subarray(offset, offset + lengthBytes - 1)
    await expect(readPackTrailer(short, bytes.length, access)).rejects.toThrow(DamageError)
  })

  it('refuse segments that changed places, also with the trailer of another pack', () => {
    const same: SegmentSource[] = [
      { kind: 0, blobs: [Buffer.from('12345678')] },
      { kind: 0, blobs: [Buffer.from('abcdefgh')] },
    ]
    const bytes = buildPack({ segments: same, sealed })
    const swapped = Buffer.from(bytes)
    swapped.set(bytes.subarray(64, 88), 88)
    swapped.set(bytes.subarray(88, 112), 64)
    expect(() => readBlobs(swapped, decodePack(swapped, access))).toThrow(/tag/)
    const other = buildPack({ segments: same, sealed, salt: countingBytes(32) })
    const mixed = Buffer.from(bytes)
    mixed.set(other.subarray(64, 88), 64)
    expect(() => readBlobs(mixed, decodePack(mixed, access))).toThrow(/tag/)
    const otherEnd = Buffer.concat([bytes.subarray(0, 112), other.subarray(112)])
    expect(() => decodePack(otherEnd, access)).toThrow(/tag/)
  })

  it('refuse a trailer put in the place of a segment', () => {
    const bytes = buildPack({ segments, sealed, isTrailerStored: true })
    const { footer, opener } = decodePack(bytes, access)
    const length = footer.trailerPayloadBytes
    const frame = bytes.subarray(bytes.length - 32 - 16 - length, bytes.length - 32)
    const form = { codec: 0 as const, segmentNumber: 0, plainBytes: length, payloadBytes: length }
    expect(() => openSegment({ opener, decompressor }, form, frame)).toThrow(DamageError)
  })

  it('refuse the reader of another repository, key or sealing', () => {
    const bytes = buildPack({ segments, sealed })
    for (const change of [
      { repositoryId: countingBytes(16) },
      { frameRootKey: countingBytes(32) },
      { sealed: !sealed },
    ]) {
      expect(() => decodePack(bytes, { ...access, ...change })).toThrow(DamageError)
    }
  })

  it('refuse padding that the footer does not tell of', () => {
    const bytes = buildPack({ segments, sealed })
    const at = decodePack(bytes, access).trailer.segmentsEnd
    const longer = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(4), bytes.subarray(at)])
    longer.writeBigUInt64LE(BigInt(longer.length), longer.length - 16)
    expect(() => decodePack(longer, access)).toThrow(/where the trailer begins/)
    longer.writeUInt32LE(4, longer.length - 20)
    expect(readBlobs(longer, decodePack(longer, access))).toEqual(blobTexts)
  })
})

describe('openSegment()', () => {
  it('opens with the header formed from the salt of the index, into the target', () => {
    const blob = Buffer.concat([randomBytes(70_000), Buffer.alloc(70_000)])
    for (const isStored of [true, false]) {
      const bytes = buildPack({ segments: [{ kind: 0, blobs: [blob], isStored }], sealed: true })
      const { trailer } = decodePack(bytes, accessOf(true))
      const header = encodeObjectHeader({ type: 'pack', sealed: true, repositoryId, salt })
      const opener = createFrameSealer({ frameRootKey, header })
      const form = segmentFormOf(trailer, 0)
      const sealed = bytes.subarray(64, 64 + form.payloadBytes + 16)
      const target = Buffer.alloc(200_000)
      const plain = openSegment({ opener, decompressor, target }, form, sealed)
      expect(plain.buffer).toBe(target.buffer)
      expect(blob.equals(plain)).toBe(true)
    }
  })
})

describe('openSegment(), with a form from a damaged catalogue', () => {
  const bytes = buildPack({ segments, sealed: true })
  const { trailer, opener } = decodePack(bytes, accessOf(true))
  const form = segmentFormOf(trailer, 2)
  const sealed = bytes.subarray(trailer.offsets[2], trailer.offsets[2] + form.payloadBytes + 16)

  it.each([
    { codec: 1 as const },
    { plainBytes: 2 },
    { payloadBytes: 2 },
    { segmentNumber: 1 },
    { plainBytes: 4_294_967_295, codec: 1 as const },
    { codec: 7 as 1 },
  ])('refuses %j', (change) => {
    const tools = { opener, decompressor }
    expect(() => openSegment(tools, { ...form, ...change }, sealed)).toThrow(DamageError)
  })
})

describe('segmentFormOf()', () => {
  it('refuses a segment that is not there', () => {
    const { trailer } = decodePack(buildPack({ segments, sealed: true }), accessOf(true))
    for (const number of [-1, 3, 0.5]) {
      expect(() => segmentFormOf(trailer, number)).toThrow(RangeError)
    }
  })
})

describe('decodePack()', () => {
  // Pinned: a repository written once has to stay readable for ever.
  it('reads and writes the pinned packs', () => {
    const source = { segments: [{ kind: 0 as const, blobs: [Buffer.from('holdfast')] }] }
    const stored = { ...source, isTrailerStored: true, paddingBytes: 2 }
    const ids = [true, false].map((sealed) => objectIdOf(buildPack({ ...stored, sealed })))
    expect(ids).toEqual([
      'a2959dc2005b3d7e8294c28bae42c47fad10932dd02b101424232d791f3a3576',
      '0385992c5616b19809ca95e93b61c0cffa85f8f19f1c1ddefafc62fae6221f8b',
    ])
  })
})
