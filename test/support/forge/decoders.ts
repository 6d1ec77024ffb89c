import {
  compressBound,
  createCompressor,
  createDecompressor,
} from '../../../src/format/compression/zstd.ts'
import {
  decodeFrameDescriptor,
  framePlainBytesMax,
} from '../../../src/format/encryption/frame-descriptor.ts'
import { createFrameSealer } from '../../../src/format/encryption/frame-sealer.ts'
import { deriveRepositoryKeys } from '../../../src/format/encryption/repository-keys.ts'
import { createBlobHasher } from '../../../src/format/hashing/blob-hasher.ts'
import { decodeIndexObject } from '../../../src/format/index-object/index-object.ts'
import { decodeJournalRecord } from '../../../src/format/manifest/journal-record.ts'
import { decodeSnapshotManifest } from '../../../src/format/manifest/snapshot-manifest.ts'
import { decodeObjectHeader, encodeObjectHeader } from '../../../src/format/object/object-header.ts'
import { openSmallObject, sealSmallObject } from '../../../src/format/object/small-object.ts'
import { decodePackFooter } from '../../../src/format/pack/pack-footer.ts'
import { decodePack, openSegment, segmentFormOf } from '../../../src/format/pack/pack-reader.ts'
import { decodePackTrailer } from '../../../src/format/pack/pack-trailer.ts'
import { decodeKeySlot } from '../../../src/format/text-object/key-slot-text.ts'
import { decodeRepositoryConfig } from '../../../src/format/text-object/repository-config.ts'
import {
  encodeTextObject,
  type TextObjectKind,
} from '../../../src/format/text-object/text-object.ts'
import { decodeContentList } from '../../../src/format/tree/content-list.ts'
import { readContent } from '../../../src/format/tree/content-reader.ts'
import { DirectoryReader } from '../../../src/format/tree/directory-reader.ts'
import { decodeExtras } from '../../../src/format/tree/extras.ts'
import { decodeTreePage } from '../../../src/format/tree/tree-page.ts'
import { HoldfastError } from '../../../src/foundation/errors.ts'
import { manifestOf } from './forge.ts'
import { mutate, mutateJson } from './mutate.ts'
import { encodeRawPack, type RawPack } from './raw-pack.ts'
import { attributesRecord, encodeRawList, encodeRawPage, extraRecord } from './raw-page.ts'

/** One decoder, what it is fed with, and how a mutant gets a true seal again. */
export interface FuzzedDecoder {
  readonly name: string
  readonly seeds: readonly Buffer[]
  readonly isJson?: true
  /** Throws whatever the decoder throws. */
  decode(mutant: Buffer): unknown
}

/** Longest time of one decoding, and most memory that it may hold, as the documents say. */
export const decodeMsMax = 1000
export const heapBytesMax = 64 * 1024 * 1024

const keys = deriveRepositoryKeys(Buffer.alloc(32, 5))
const repositoryId = Buffer.alloc(16, 6)
const salt = Buffer.alloc(32, 7)
const packHeader = encodeObjectHeader({ type: 'pack', sealed: true, repositoryId, salt })
const decompressor = createDecompressor()
const compressor = createCompressor(1)
const treeId = (bytes: Uint8Array): Buffer => createBlobHasher(keys.treeIdKey).hash(bytes)
const dataId = (bytes: Uint8Array): Buffer => createBlobHasher(keys.dataIdKey).hash(bytes)

const chunk = Buffer.from('content of a file')
const reference = { id: dataId(chunk), bytes: chunk.length }
const list = encodeRawList({ level: 0, items: [reference, { id: Buffer.alloc(32), bytes: 4096 }] })
const upperList = encodeRawList({
  level: 1,
  items: [{ id: treeId(list), bytes: chunk.length + 4096 }],
})
const page = encodeRawPage({
  entries: [
    { name: 'a', mode: 0o100644, size: chunk.length, references: [reference], mtime: [-5, 9] },
    {
      name: 'b',
      mode: 0o100600,
      flags: 1 << 4,
      size: chunk.length + 4096,
      references: [{ id: treeId(list), bytes: chunk.length + 4096 }],
    },
    { name: 'c', mode: 0o120777, size: 6, extra: extraRecord(1, 'target') },
    {
      name: 'd',
      mode: 0o040755,
      references: [{ id: Buffer.alloc(32, 9), bytes: 24 }],
      extra: attributesRecord([
        ['user.x', 'y'],
        ['user.z', ''],
      ]),
    },
    { name: 'e', mode: 0o060600, extra: extraRecord(2, Buffer.alloc(8, 1)) },
    { name: 'f', mode: 0o100644, flags: 1 | (3 << 16), inode: 77, size: 0 },
  ],
})
const upperPage = encodeRawPage({
  level: 1,
  entries: [
    { name: 'a', mode: 0, size: 6, references: [{ id: treeId(page), bytes: page.length }] },
  ],
})
const rawPack: RawPack = {
  segments: [
    { kind: 0, blobs: [{ id: dataId(chunk), bytes: chunk }] },
    { kind: 1, blobs: [page, list].map((bytes) => ({ id: treeId(bytes), bytes })) },
  ],
}
const { bytes: pack, trailer } = encodeRawPack(keys.frameRootKey, packHeader, rawPack)
const indexFixed = Buffer.alloc(12)
indexFixed.writeBigUInt64LE(BigInt(pack.length), 0)
indexFixed.writeUInt32LE(trailer.length, 8)
const index = Buffer.concat([
  Buffer.from([1, 0, 0, 0]),
  Buffer.alloc(32, 3),
  salt,
  indexFixed,
  trailer,
])
const manifest = Buffer.from(JSON.stringify(manifestOf({ id: Buffer.alloc(32, 1), bytes: 24 })))
const record = Buffer.from(
  '{"version":1,"kind":"verification","atMs":1,"snapshotId":"ab","result":"ok","counts":{"a":[1,2]}}',
)
const hex = (bytes: number): string => '5a'.repeat(bytes)
const slot = Buffer.from(
  JSON.stringify({
    version: 1,
    slotId: hex(16),
    repositoryId: hex(16),
    createdAtMs: 1,
    label: 'first',
    kdf: 'argon2id',
    memoryKiB: 65536,
    passes: 3,
    lanes: 4,
    salt: hex(32),
    nonce: hex(12),
    wrapped: hex(48),
    commitment: hex(32),
  }),
)
const config = Buffer.from(
  JSON.stringify({
    version: 1,
    repositoryId: hex(16),
    createdAtMs: 1,
    encryption: 'aes-256-gcm',
    chunker: 'sieve-1',
    chunkAverageBytes: 131072,
    compression: 'zstd',
    mac: hex(32),
  }),
)
const zstd = Buffer.alloc(compressBound(page.length))
const zstdFrame = Buffer.from(
  zstd.subarray(0, compressor.compress(Buffer.alloc(page.length, 1), zstd).bytes),
)

export const fuzzedDecoders: readonly FuzzedDecoder[] = [
  { name: 'tree page', seeds: [page, upperPage], decode: readPage },
  { name: 'content list', seeds: [list, upperList], decode: (mutant) => decodeContentList(mutant) },
  { name: 'pack trailer', seeds: [trailer], decode: (mutant) => decodePackTrailer(mutant) },
  {
    name: 'pack footer',
    seeds: [pack.subarray(-32)],
    decode: (mutant) => decodePackFooter(mutant, pack.length),
  },
  {
    name: 'pack whose trailer is sealed again',
    seeds: [trailer],
    decode: (mutant) =>
      readPack(encodeRawPack(keys.frameRootKey, packHeader, { ...rawPack, trailer: mutant }).bytes),
  },
  { name: 'pack', seeds: [pack], decode: readPack },
  { name: 'segment', seeds: [zstdFrame, page], decode: readSegment },
  {
    name: 'index object',
    seeds: [index],
    decode: (mutant) => decodeIndexObject(mutant).map((entry) => decodePackTrailer(entry.trailer)),
  },
  { name: 'object header', seeds: [packHeader], decode: (mutant) => decodeObjectHeader(mutant) },
  {
    name: 'frame descriptor',
    seeds: [pack.subarray(64, 80)],
    decode: (mutant) => decodeFrameDescriptor(mutant, framePlainBytesMax),
  },
  {
    name: 'zstd frame',
    seeds: [zstdFrame],
    decode: (mutant) => decompressor.decompress(mutant, page.length),
  },
  { name: 'small object', seeds: [manifest, index], decode: resealed },
  {
    name: 'snapshot',
    seeds: [manifest],
    isJson: true,
    decode: (mutant) => decodeSnapshotManifest(mutant),
  },
  {
    name: 'journal record',
    seeds: [record],
    isJson: true,
    decode: (mutant) => decodeJournalRecord(mutant),
  },
  {
    name: 'key slot',
    seeds: [slot],
    isJson: true,
    decode: (mutant) => decodeKeySlot(textObject('holdfast key slot', mutant)),
  },
  {
    name: 'config',
    seeds: [config],
    isJson: true,
    decode: (mutant) => decodeRepositoryConfig(textObject('holdfast repository', mutant)),
  },
]

/** Feeds one mutant. @returns what must not be, or undefined */
export function fuzzOnce(decoder: FuzzedDecoder, random: () => number): string | undefined {
  const seed = decoder.seeds[Math.floor(random() * decoder.seeds.length)]
  const others = fuzzedDecoders.flatMap(({ seeds }) => seeds)
  const mutant =
    decoder.isJson && random() < 0.8
      ? Buffer.from(mutateJson(seed.toString(), random))
      : mutate(seed, others, random)
  // Of the processor, because others may use it, too.
  const started = process.cpuUsage()
  try {
    decoder.decode(mutant)
  } catch (error) {
    // A refusal is typed; a mistake in the decoder is not.
    if (!(error instanceof HoldfastError)) {
      return `${decoder.name}: ${String(error)}\n${mutant.subarray(0, 2048).toString('base64')}`
    }
  }
  const { user, system } = process.cpuUsage(started)
  const ms = (user + system) / 1000
  return ms > decodeMsMax
    ? `${decoder.name}: took ${Math.round(ms)} ms\n${mutant.subarray(0, 2048).toString('base64')}`
    : undefined
}

function readPage(mutant: Buffer): void {
  const decoded = decodeTreePage(mutant)
  for (let entry = 0; entry < decoded.entryCount; entry++) {
    if (decoded.level > 0) continue
    decodeExtras(decoded, entry)
    if ((decoded.mode(entry) & 0o170000) === 0o100000) {
      const content = readContent(decoded, entry, () => list)
      for (let step = 0; step < 10_000 && content.next(); step++) void content.offset
    }
  }
  const reader = new DirectoryReader(() => mutant, 10_000)
  for (const below of reader.pages({ id: treeId(mutant), bytes: mutant.length }))
    void below.entryCount
}

function readPack(bytes: Buffer): void {
  const access = { frameRootKey: keys.frameRootKey, repositoryId, sealed: true, decompressor }
  const opened = decodePack(bytes, access)
  for (let segment = 0; segment < opened.trailer.segmentCount; segment++) {
    const form = segmentFormOf(opened.trailer, segment)
    const start = opened.trailer.offsets[segment]
    openSegment(
      { opener: opened.opener, decompressor },
      form,
      bytes.subarray(start, start + form.payloadBytes + 16),
    )
  }
}

/** The mutant is the payload, sealed as it should be. */
function readSegment(payload: Buffer): void {
  const descriptor = {
    codec: 1,
    role: 0,
    frameNumber: 0,
    plainBytes: page.length,
    payloadBytes: payload.length,
  } as const
  const sealed = Buffer.alloc(payload.length + 16)
  createFrameSealer({ frameRootKey: keys.frameRootKey, header: packHeader }).seal(
    descriptor,
    payload,
    sealed,
    0,
  )
  const opener = createFrameSealer({ frameRootKey: keys.frameRootKey, header: packHeader })
  openSegment(
    { opener, decompressor },
    { codec: 1, segmentNumber: 0, plainBytes: page.length, payloadBytes: payload.length },
    sealed,
  )
}

/** Half of the mutants are plaintexts that are sealed, the others sealed objects themselves. */
function resealed(mutant: Buffer): void {
  const kind = {
    type: 'snapshot',
    repositoryId,
    sealed: true,
    frameRootKey: keys.frameRootKey,
  } as const
  const { bytes } = sealSmallObject({ ...kind, plaintext: mutant, compressor })
  const plain = openSmallObject(bytes, { ...kind, decompressor })
  if (!plain.equals(mutant)) throw new Error('it came back as something else')
  openSmallObject(mutant, { ...kind, decompressor })
}

/** A mutant that is no single line goes in with its hash line all the same. */
function textObject(kind: TextObjectKind, mutant: Buffer): Buffer {
  const line = mutant.toString('latin1').replaceAll('\n', ' ')
  return encodeTextObject(kind, line)
}
