import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { deriveRepositoryKeys } from '../../../src/format/encryption/repository-keys.ts'
import { createBlobHasher } from '../../../src/format/hashing/blob-hasher.ts'
import { createDecompressor } from '../../../src/format/compression/zstd.ts'
import { decodePack, openSegment, segmentFormOf } from '../../../src/format/pack/pack-reader.ts'
import { decodePackTrailer } from '../../../src/format/pack/pack-trailer.ts'
import { HoldfastError } from '../../../src/foundation/errors.ts'
import { PackWriter, type WrittenPack } from '../../../src/repository/pack-writer.ts'
import type { RepositoryContext } from '../../../src/repository/repository-context.ts'
import { blobKinds, type BlobKind } from '../../../src/repository/segment-buffer.ts'
import {
  openLocal,
  type LocalStorage,
  type LocalTemporaryFile,
} from '../../../src/storage/local/local-storage.ts'
import { codeOfSync } from '../../support/error-codes.ts'
import { logLines, randomBytesOf } from '../../support/random-bytes.ts'
import { fastFolder, scratchFolder } from '../../support/scratch.ts'

const MiB = 1024 * 1024
const keys = deriveRepositoryKeys(Buffer.alloc(32, 5))
const hashers = [createBlobHasher(keys.dataIdKey), createBlobHasher(keys.treeIdKey)] as const

function contextOf(location: string, fields: Partial<RepositoryContext> = {}): RepositoryContext {
  return {
    location,
    repositoryId: Buffer.alloc(16, 9),
    sealed: true,
    keys,
    chunkAverageBytes: 16 * 1024,
    cataloguePath: '',
    compressionLevel: 3,
    ...fields,
  }
}

async function newStorage(): Promise<LocalStorage> {
  const storage = openLocal(scratchFolder(fastFolder))
  await storage.prepare()
  return storage
}

function add(writer: PackWriter, kind: BlobKind, bytes: Buffer): string {
  const id = hashers[kind].hash(bytes)
  writer.add(kind, id, bytes)
  return id.toString('hex')
}

/** Short, because comparing megabytes one by one takes minutes. */
function digest(bytes: Buffer): string {
  return `${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`
}

/** Digests of contents of packs by blob id, read the way every reader does. */
async function readPacks(
  storage: LocalStorage,
  packs: readonly WrittenPack[],
  context: RepositoryContext,
): Promise<Map<string, string>> {
  const blobs = new Map<string, string>()
  for (const { packId, packBytes } of packs) {
    const bytes = await storage.get(`packs/${packId}`)
    expect(bytes).toHaveLength(packBytes)
    const { trailer, opener } = decodePack(
      bytes,
      {
        frameRootKey: keys.frameRootKey,
        repositoryId: Buffer.from(context.repositoryId),
        sealed: context.sealed,
      },
      packId as never,
    )
    let blob = 0
    for (let segment = 0; segment < trailer.segmentCount; segment++) {
      const start = trailer.offsets[segment]
      const sealed = bytes.subarray(start, start + trailer.payloadBytes[segment] + 16)
      const tools = { opener, decompressor: createDecompressor() }
      const plain = Buffer.from(openSegment(tools, segmentFormOf(trailer, segment), sealed))
      let offset = 0
      for (const end = blob + trailer.blobCounts[segment]; blob < end; blob++) {
        const id = trailer.ids.toString('hex', blob * 32, blob * 32 + 32)
        blobs.set(id, digest(plain.subarray(offset, offset + trailer.blobLengths[blob])))
        offset += trailer.blobLengths[blob]
      }
    }
  }
  return blobs
}

describe('PackWriter', () => {
  it.each([true, false])('gives back every blob of both kinds (sealed: %s)', async (sealed) => {
    const storage = await newStorage()
    const context = contextOf(storage.location, { sealed })
    const packs: WrittenPack[] = []
    const writer = new PackWriter(context, storage, (pack) => packs.push(pack))
    const expected = new Map<string, string>()
    for (let index = 0; index < 400; index++) {
      const kind = index % 7 === 0 ? blobKinds.tree : blobKinds.data
      const bytes =
        index % 3 === 0 ? logLines(index, 1 + index * 50) : randomBytesOf(index, 1 + index * 60)
      expected.set(add(writer, kind, bytes), digest(bytes))
    }
    await writer.finish()
    expect(await readPacks(storage, packs, context)).toEqual(expected)
    expect(readdirSync(join(storage.location, 'tmp'))).toEqual([])
  })

  it('takes a data chunk of the longest after a tree page that is longer than usual', async () => {
    const storage = await newStorage()
    const context = contextOf(storage.location, { chunkAverageBytes: MiB })
    const packs: WrittenPack[] = []
    const writer = new PackWriter(context, storage, (pack) => packs.push(pack))
    const expected = new Map<string, string>()
    for (const [kind, bytes] of [
      [blobKinds.data, randomBytesOf('first', 100)],
      [blobKinds.tree, randomBytesOf('page', 2 * MiB)],
      [blobKinds.data, randomBytesOf('long chunk', 8 * MiB)],
      [blobKinds.data, logLines('long chunk', 8 * MiB)],
    ] as const) {
      expected.set(add(writer, kind, bytes), digest(bytes))
    }
    await writer.finish()
    expect(await readPacks(storage, packs, context)).toEqual(expected)
  })

  it('closes segments of trees at 256 KiB and those of data at 1 MiB', async () => {
    const storage = await newStorage()
    const packs: WrittenPack[] = []
    const writer = new PackWriter(contextOf(storage.location), storage, (pack) => packs.push(pack))
    const blobBytes = 3000
    for (let index = 0; index < 800; index++) {
      add(writer, blobKinds.data, randomBytesOf(`data ${index}`, blobBytes))
      add(writer, blobKinds.tree, randomBytesOf(`tree ${index}`, blobBytes))
    }
    // A page that is longer than a segment has one to itself.
    const long = add(writer, blobKinds.tree, randomBytesOf('long page', 700 * 1024))
    add(writer, blobKinds.tree, randomBytesOf('next page', blobBytes))
    await writer.finish()
    const lengths: [number[], number[]] = [[], []]
    for (const { trailer } of packs) {
      const { segmentCount, kinds, plainBytes, firstBlobs, ids } = decodePackTrailer(trailer)
      for (let segment = 0; segment < segmentCount; segment++) {
        const firstId = ids.toString('hex', firstBlobs[segment] * 32, firstBlobs[segment] * 32 + 32)
        if (firstId === long) expect(plainBytes[segment]).toBe(700 * 1024)
        else lengths[kinds[segment] === blobKinds.data ? 0 : 1].push(plainBytes[segment])
      }
    }
    for (const [kind, target] of [MiB, 256 * 1024].entries()) {
      const ofKind = lengths[kind].toSorted((left, right) => right - left)
      const full = Math.floor(target / blobBytes) * blobBytes
      // What was left at the end, and what came before or behind the long page.
      const rests = kind === blobKinds.data ? 1 : 2
      expect(ofKind.slice(0, -rests)).toEqual(ofKind.slice(rests).map(() => full))
      expect(ofKind.reduce((sum, bytes) => sum + bytes, 0)).toBe((800 + kind) * blobBytes)
    }
  })

  it('seals equal blobs differently in each pack', async () => {
    const storage = await newStorage()
    const context = contextOf(storage.location)
    const packs: WrittenPack[] = []
    for (let turn = 0; turn < 2; turn++) {
      const writer = new PackWriter(context, storage, (pack) => packs.push(pack))
      add(writer, blobKinds.data, logLines(1, 50_000))
      await writer.finish()
    }
    expect(packs[0].packId).not.toBe(packs[1].packId)
    expect(Buffer.from(packs[0].salt).equals(packs[1].salt)).toBe(false)
    expect(Buffer.from(packs[0].trailer).equals(packs[1].trailer)).toBe(true)
  })

  it('leaves no file behind when it gives up', async () => {
    const storage = await newStorage()
    const writer = new PackWriter(contextOf(storage.location), storage, () => undefined)
    for (let index = 0; index < 20; index++) {
      add(writer, blobKinds.data, randomBytesOf(index, 500_000))
    }
    expect(readdirSync(join(storage.location, 'tmp')).length).toBeGreaterThan(0)
    await writer.discard()
    expect(readdirSync(join(storage.location, 'tmp'))).toEqual([])
    expect(readdirSync(join(storage.location, 'packs'))).toEqual([])
  })

  /** Each write fails like one to a full disk, from the `from`th file on. */
  function fillUp(storage: LocalStorage): {
    open: LocalTemporaryFile[]
    discarded: LocalTemporaryFile[]
  } {
    const files = { open: [] as LocalTemporaryFile[], discarded: [] as LocalTemporaryFile[] }
    storage.createTemporarySync = () => {
      const file = { path: '/dev/full', descriptor: openSync('/dev/full', 'w') }
      files.open.push(file)
      return file
    }
    storage.discardSync = (file) => {
      closeSync(file.descriptor)
      files.discarded.push(file)
    }
    return files
  }

  it('reports a full disk and closes the file that it could not even begin', async () => {
    const storage = await newStorage()
    const files = fillUp(storage)
    const writer = new PackWriter(contextOf(storage.location), storage, () => undefined)
    add(writer, blobKinds.data, randomBytesOf('a', MiB))
    expect(codeOfSync(() => add(writer, blobKinds.data, randomBytesOf('b', MiB)))).toBe(
      'STORAGE_FULL',
    )
    expect(files.discarded).toEqual(files.open)
  })

  it('goes on refusing after a failed write, so that no nonce is used twice', async () => {
    const storage = await newStorage()
    const context = contextOf(storage.location)
    const writer = new PackWriter(context, storage, () => undefined)
    add(writer, blobKinds.data, randomBytesOf('a', MiB))
    add(writer, blobKinds.data, randomBytesOf('b', MiB))
    // The pack is begun; the disk fills up now, and is free again afterwards.
    const [name] = readdirSync(join(storage.location, 'tmp'))
    expect(name).toBeDefined()
    let isFull = true
    const { length } = readdirSync(join(storage.location, 'tmp'))
    expect(length).toBe(1)
    const createTemporarySync = storage.createTemporarySync.bind(storage)
    storage.createTemporarySync = () => {
      if (!isFull) return createTemporarySync()
      throw new HoldfastError('STORAGE_FULL', 'full')
    }
    // Enough for the first pack to be published and a second one to be begun.
    const fill = (): void => {
      for (let index = 0; index < 40; index++) {
        add(writer, blobKinds.data, randomBytesOf(`fill ${index}`, MiB))
      }
    }
    expect(codeOfSync(fill)).toBe('STORAGE_FULL')
    isFull = false
    expect(codeOfSync(fill)).toBe('STORAGE_FULL')
    await expect(writer.finish()).rejects.toThrow('full')
    await writer.discard()
    expect(readdirSync(join(storage.location, 'tmp'))).toEqual([])
  })

  it('says so when a pack could not get its name', async () => {
    const storage = await newStorage()
    const packs: WrittenPack[] = []
    const writer = new PackWriter(contextOf(storage.location), storage, (pack) => packs.push(pack))
    storage.publish = () => Promise.reject(new HoldfastError('STORAGE_FAILED', 'no name'))
    add(writer, blobKinds.data, randomBytesOf('x', 1000))
    await expect(writer.finish()).rejects.toThrow('no name')
    await expect(writer.settle()).rejects.toThrow('no name')
    expect(packs).toEqual([])
    await writer.discard()
    expect(readdirSync(join(storage.location, 'tmp'))).toEqual([])
  })

  it('refuses to publish a segment that does not read back as what went in', async () => {
    const storage = await newStorage()
    const packs: WrittenPack[] = []
    const writer = new PackWriter(contextOf(storage.location), storage, (pack) => packs.push(pack))
    const bytes = randomBytesOf('x', 1000)
    const id = hashers[0].hash(bytes)
    bytes[500] ^= 1
    writer.add(blobKinds.data, id, bytes)
    await expect(writer.finish()).rejects.toMatchObject({ code: 'INTERNAL' })
    await writer.discard()
    expect(packs).toEqual([])
    expect(readdirSync(join(storage.location, 'packs'))).toEqual([])
    expect(readdirSync(join(storage.location, 'tmp'))).toEqual([])
  })
})
