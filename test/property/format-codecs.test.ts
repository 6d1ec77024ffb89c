import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HoldfastError } from '../../src/foundation/errors.ts'
import { createCompressor, createDecompressor } from '../../src/format/compression/zstd.ts'
import { readZstdHeader } from '../../src/format/compression/zstd-header.ts'
import { decodeFrameDescriptor } from '../../src/format/encryption/frame-descriptor.ts'
import { decodeIndexObject, encodeIndexObject } from '../../src/format/index-object/index-object.ts'
import {
  decodeJournalRecord,
  encodeJournalRecord,
} from '../../src/format/manifest/journal-record.ts'
import { decodePathText, encodePathText } from '../../src/format/manifest/path-text.ts'
import {
  decodeSnapshotManifest,
  encodeSnapshotManifest,
} from '../../src/format/manifest/snapshot-manifest.ts'
import { decodeObjectHeader } from '../../src/format/object/object-header.ts'
import { openSmallObject, sealSmallObject } from '../../src/format/object/small-object.ts'
import { decodePack, openSegment, segmentFormOf } from '../../src/format/pack/pack-reader.ts'
import { decodePackTrailer } from '../../src/format/pack/pack-trailer.ts'
import { decodeKeySlot } from '../../src/format/text-object/key-slot-text.ts'
import { decodeRepositoryConfig } from '../../src/format/text-object/repository-config.ts'
import { backupTypes } from '../../src/model/snapshot.ts'
import type { SnapshotManifest } from '../../src/model/snapshot.ts'
import { toObjectId } from '../../src/model/ids.ts'
import { manifest } from '../unit/format/manifest/manifest-fixture.ts'
import { frameRootKey, repositoryId } from '../unit/format/object/fixed-repository.ts'
import { buildPack } from '../unit/format/pack/build-pack.ts'

const compressor = createCompressor(1)
const decompressor = createDecompressor()
const runs = { numRuns: 60 }

const bytesOf = (lengthMax: number) => fc.uint8Array({ maxLength: lengthMax })
/** Random bytes, and bytes that repeat, so that both codecs occur. */
const content = fc.oneof(
  bytesOf(2_000),
  fc.tuple(bytesOf(20), fc.nat(200)).map(([unit, count]) => repeat(unit, count)),
)
const hex32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((id) => {
  return toObjectId(Buffer.from(id).toString('hex'))
})

function repeat(unit: Uint8Array, count: number): Uint8Array {
  return Buffer.concat(Array.from({ length: count }, () => unit))
}

describe('small objects', () => {
  it('give back any plaintext', () => {
    const type = fc.constantFrom('index' as const, 'snapshot' as const, 'journal' as const)
    fc.assert(
      fc.property(content, fc.boolean(), type, (plaintext, sealed, objectType) => {
        const kind = { type: objectType, repositoryId, sealed, frameRootKey }
        const { id, bytes } = sealSmallObject({ ...kind, plaintext, compressor })
        const opened = openSmallObject(bytes, { ...kind, id, decompressor })
        expect(Buffer.compare(opened, plaintext)).toBe(0)
      }),
      runs,
    )
  })
})

describe('packs', () => {
  const blob = content.filter((bytes) => bytes.length > 0)
  const segment = fc.record({
    kind: fc.constantFrom(0 as const, 1 as const),
    blobs: fc.array(blob, { minLength: 1, maxLength: 6 }),
    isStored: fc.boolean(),
  })

  it('give back any blobs', () => {
    const source = fc.record({
      segments: fc.array(segment, { maxLength: 5 }),
      sealed: fc.boolean(),
      paddingBytes: fc.nat(100),
      isTrailerStored: fc.boolean(),
    })
    fc.assert(
      fc.property(source, (pack) => {
        const bytes = buildPack(pack)
        const access = { frameRootKey, repositoryId, sealed: pack.sealed, decompressor }
        const { trailer, opener } = decodePack(bytes, access)
        expect(trailer.segmentCount).toBe(pack.segments.length)
        pack.segments.forEach(({ blobs, kind }, number) => {
          const form = segmentFormOf(trailer, number)
          const start = trailer.offsets[number]
          const sealed = bytes.subarray(start, start + form.payloadBytes + 16)
          const plain = openSegment({ opener, decompressor }, form, sealed)
          expect(Buffer.compare(plain, Buffer.concat(blobs))).toBe(0)
          expect(trailer.kinds[number]).toBe(kind)
          const first = trailer.firstBlobs[number]
          const lengths = trailer.blobLengths.subarray(first, first + blobs.length)
          expect([...lengths]).toEqual(blobs.map(({ length }) => length))
        })
      }),
      runs,
    )
  })
})

describe('index objects', () => {
  it('give back any entries', () => {
    const entry = fc.record({
      packId: hex32,
      salt: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
      packBytes: fc.nat(0xffff_ffff),
      trailer: bytesOf(200).map((bytes) => Buffer.from(bytes)),
    })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
        expect(decodeIndexObject(encodeIndexObject(entries))).toEqual(entries)
      }),
      runs,
    )
  })
})

describe('snapshot manifests', () => {
  const path = fc
    .uint8Array({ minLength: 1, maxLength: 40 })
    .filter((bytes) => !bytes.includes(0))
    .map(encodePathText)
  const timeMs = fc.nat(8_640_000_000_000_000)
  const text = fc.string({ unit: 'binary', maxLength: 40 })

  it('give back any fields', () => {
    const change = fc.record({
      type: fc.constantFrom(...backupTypes),
      backupId: fc.nat().map((seconds) => `backup_${seconds}`),
      startedAtMs: timeMs,
      endedAtMs: timeMs,
      hostname: text,
      username: text,
      paths: fc.array(path, { maxLength: 5 }),
      parentId: fc.option(hex32),
      description: text,
      tags: fc.array(text, { maxLength: 5 }),
      unreadable: fc.array(fc.record({ path, message: text }), { maxLength: 3 }),
    })
    fc.assert(
      fc.property(change, (fields) => {
        const written: SnapshotManifest = { ...manifest, ...fields }
        expect(decodeSnapshotManifest(encodeSnapshotManifest(written))).toEqual(written)
      }),
      runs,
    )
  })

  it('keep the bytes of any path', () => {
    fc.assert(
      fc.property(bytesOf(60), (bytes) => {
        expect(Buffer.compare(decodePathText(encodePathText(bytes)), bytes)).toBe(0)
      }),
      { numRuns: 300 },
    )
  })
})

describe('journal records', () => {
  it('give back any JSON', () => {
    const depthSize = { maxDepth: 4 }
    const others = fc.dictionary(
      fc.string({ maxLength: 10 }).filter((name) => name !== '__proto__'),
      fc.jsonValue(depthSize),
      { maxKeys: 5 },
    )
    fc.assert(
      fc.property(others, (fields) => {
        // What JSON itself does to a value (-0, names such as "__proto__") is not the record's to
        // mend.
        const plain = JSON.parse(JSON.stringify(fields)) as Record<string, unknown>
        fc.pre(!JSON.stringify(plain).includes('__proto__'))
        const record = { ...plain, version: 1, kind: 'failure', atMs: 5 } as const
        expect(decodeJournalRecord(encodeJournalRecord(record))).toEqual(record)
      }),
      runs,
    )
  })
})

describe('readers', () => {
  const kind = { repositoryId, sealed: false, frameRootKey, decompressor }
  const readers: Record<string, (bytes: Buffer) => unknown> = {
    decodeObjectHeader,
    decodeFrameDescriptor: (bytes) => decodeFrameDescriptor(bytes, 1_000),
    decodePackTrailer,
    decodeIndexObject,
    decodeSnapshotManifest,
    decodeJournalRecord,
    decodeRepositoryConfig,
    decodeKeySlot: (bytes) => decodeKeySlot(bytes),
    decodePack: (bytes) => decodePack(bytes, kind),
    openSmallObject: (bytes) => openSmallObject(bytes, { ...kind, type: 'index' }),
    readZstdHeader,
    decompress: (bytes) => decompressor.decompress(bytes, 1_000),
  }
  const heads = [
    '',
    '28b52ffd',
    '484f4c444641535401',
    Buffer.from('holdfast repository 1\n').toString('hex'),
    Buffer.from('{"version":1,').toString('hex'),
    '0100000001000000',
  ]

  it.each(Object.entries(readers))('%s meets any bytes with a typed error', (_name, read) => {
    const input = fc.tuple(fc.constantFrom(...heads), bytesOf(300))
    fc.assert(
      fc.property(input, ([head, tail]) => {
        try {
          read(Buffer.concat([Buffer.from(head, 'hex'), tail]))
        } catch (error) {
          if (!(error instanceof HoldfastError)) throw error
        }
      }),
      { numRuns: 300 },
    )
  })
})
