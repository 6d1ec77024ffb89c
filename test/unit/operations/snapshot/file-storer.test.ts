import { constants, linkSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { posix } from '../../../../src/filesystem/posix/posix.ts'
import { flagChangedWhileRead } from '../../../../src/format/tree/entry-flags.ts'
import { FileStorer } from '../../../../src/operations/snapshot/file-storer.ts'
import {
  FILE_RESULT,
  fileOutcome,
  ReadBatchBuilder,
} from '../../../../src/operations/snapshot/read-batch.ts'
import { deriveRepositoryKeys } from '../../../../src/format/encryption/repository-keys.ts'
import { BlobClaims } from '../../../../src/repository/blob-claims.ts'
import { BlobStore } from '../../../../src/repository/blob-store.ts'
import { PackWriter } from '../../../../src/repository/pack-writer.ts'
import type { RepositoryContext } from '../../../../src/repository/repository-context.ts'
import { openLocal } from '../../../../src/storage/local/local-storage.ts'
import { randomBytesOf } from '../../../support/random-bytes.ts'
import { fastFolder, scratchFolder } from '../../../support/scratch.ts'
import { scratchDirectory } from '../../filesystem/scratch-directory.ts'

const MiB = 1024 * 1024

/** Keeps what it is given, in order, and names blobs by their number. */
class KeepingStore implements Pick<BlobStore, 'storeData' | 'storeTree'> {
  readonly blobs: Buffer[] = []

  storeData(bytes: Uint8Array): Buffer {
    this.blobs.push(Buffer.from(bytes))
    const id = Buffer.alloc(32)
    id.writeUInt32LE(this.blobs.length)
    return id
  }

  storeTree(bytes: Uint8Array): Buffer {
    return this.storeData(bytes)
  }
}

const context = {
  chunkAverageBytes: 16 * 1024,
  keys: { chunkerSecret: Buffer.alloc(32, 7) },
} as unknown as RepositoryContext

interface Stored {
  readonly outcome: number
  readonly errno: number
  readonly flags: number
  readonly content: Buffer
}

/** Stores the files as the walk would, with the sizes that it saw. */
function storeFiles(fd: number, files: readonly (readonly [string, number])[]): Stored[] {
  const builder = new ReadBatchBuilder()
  for (const [name, expectedBytes] of files) builder.add(fd, Buffer.from(name), expectedBytes)
  const store = new KeepingStore()
  const results = new FileStorer(context, store as unknown as BlobStore).storeBatch(builder.take())
  let at = 0
  return files.map(() => {
    const stored = readResult(results, at, store.blobs)
    at += results.readUInt32LE(at + FILE_RESULT.totalBytes)
    return stored
  })
}

function readResult(results: Buffer, at: number, blobs: readonly Buffer[]): Stored {
  const count = results.readUInt32LE(at + FILE_RESULT.referenceCount)
  const references = at + FILE_RESULT.references
  const parts: Buffer[] = []
  for (let item = 0; item < count; item++) {
    const length = results.readDoubleLE(references + item * 8)
    const number = results.readUInt32LE(references + count * 8 + item * 32)
    parts.push(number === 0 ? Buffer.alloc(length) : blobs[number - 1])
  }
  return {
    outcome: results.readUInt32LE(at + FILE_RESULT.outcome),
    errno: results.readUInt32LE(at + FILE_RESULT.errno),
    flags: results.readUInt32LE(at + FILE_RESULT.entryFlags),
    content: Buffer.concat(parts),
  }
}

describe('FileStorer', () => {
  it('stores the files behind one that has grown since it was listed as they are', () => {
    const { fd, at } = scratchDirectory()
    const grown = randomBytesOf('grown', 5 * MiB)
    writeFileSync(at('grown'), grown)
    const names = ['a', 'b', 'c', 'd']
    for (const name of names) writeFileSync(at(name), randomBytesOf(name, 2000))
    const stored = storeFiles(fd, [
      ['a', 2000],
      ['grown', 100],
      ['b', 2000],
      ['c', 2000],
      ['grown', 100],
      ['d', 2000],
    ])
    expect(stored[1].content.equals(grown)).toBe(true)
    expect(stored[4].content.equals(grown)).toBe(true)
    for (const [index, name] of [
      [0, 'a'],
      [2, 'b'],
      [3, 'c'],
      [5, 'd'],
    ] as const) {
      expect(stored[index].content.equals(randomBytesOf(name, 2000)), name).toBe(true)
    }
  })

  it('stores the files behind a sparse one that has grown since it was listed as they are', () => {
    const { fd, at } = scratchDirectory()
    const sparse = posix.createFile(fd, Buffer.from('sparse'))
    const data = randomBytesOf('data', MiB)
    posix.write(sparse, data, 0, data.length, 2 * MiB)
    posix.close(sparse)
    writeFileSync(at('b'), randomBytesOf('b', 2000))
    const stored = storeFiles(fd, [
      ['sparse', 100],
      ['b', 2000],
    ])
    expect(stored[0].content.equals(Buffer.concat([Buffer.alloc(2 * MiB), data]))).toBe(true)
    expect(stored[1].content.equals(randomBytesOf('b', 2000))).toBe(true)
  })

  it('gives each file that cannot be read its own result', () => {
    const { fd, at } = scratchDirectory()
    writeFileSync(at('first'), 'first')
    writeFileSync(at('last'), 'last')
    posix.mkdirAt(fd, Buffer.from('folder'), 0o755)
    posix.mknodAt(fd, Buffer.from('fifo'), constants.S_IFIFO | 0o644, 0, 0)
    posix.symlinkAt(Buffer.from('first'), fd, Buffer.from('link'))
    const sizes = [10, 3 * MiB]
    for (const size of sizes) {
      const stored = storeFiles(fd, [
        ['first', 5],
        ['missing', size],
        ['folder', size],
        ['fifo', size],
        ['link', size],
        ['last', 4],
      ])
      expect(stored.map(({ outcome }) => outcome)).toEqual([
        fileOutcome.stored,
        fileOutcome.vanished,
        fileOutcome.failed,
        fileOutcome.failed,
        fileOutcome.failed,
        fileOutcome.stored,
      ])
      expect(stored[5].content.toString()).toBe('last')
    }
  })

  it('keeps one that vanishes before its attributes were read from ending the run', () => {
    const { fd, at } = scratchDirectory()
    for (const name of ['before', 'gone', 'swapped', 'after']) {
      writeFileSync(at(name), name)
      const descriptor = posix.openFile(fd, Buffer.from(name), constants.O_RDONLY)
      posix.setXattr(descriptor, Buffer.from('user.name'), Buffer.from(name))
      posix.close(descriptor)
    }
    const builder = new ReadBatchBuilder()
    for (const name of ['before', 'gone', 'swapped', 'after']) builder.add(fd, Buffer.from(name), 7)
    const store = new KeepingStore()
    const storeData = store.storeData.bind(store)
    store.storeData = (bytes) => {
      // All contents were read ahead at this point, and none of the attributes.
      if (store.blobs.length === 0) {
        unlinkSync(at('gone'))
        renameSync(at('swapped'), at('swapped away'))
        linkSync(at('after'), at('swapped'))
      }
      return storeData(bytes)
    }
    const results = new FileStorer(context, store as unknown as BlobStore).storeBatch(
      builder.take(),
    )
    const found: unknown[] = []
    for (let result = 0, start = 0; result < 4; result++) {
      const { outcome, flags, content } = readResult(results, start, store.blobs)
      const extraBytes = results.readUInt32LE(start + FILE_RESULT.extraBytes)
      found.push([outcome, (flags & flagChangedWhileRead) !== 0, extraBytes > 0, String(content)])
      start += results.readUInt32LE(start + FILE_RESULT.totalBytes)
    }
    expect(found).toEqual([
      [fileOutcome.stored, false, true, 'before'],
      [fileOutcome.vanished, false, false, ''],
      [fileOutcome.stored, true, false, 'swapped'],
      [fileOutcome.stored, false, true, 'after'],
    ])
  })

  it('stores what is there of a file that has become shorter', () => {
    const { fd, at } = scratchDirectory()
    writeFileSync(at('short'), 'short')
    writeFileSync(at('next'), 'next')
    for (const size of [1000, 3 * MiB]) {
      const stored = storeFiles(fd, [
        ['short', size],
        ['next', 4],
      ])
      expect(stored.map(({ content }) => content.toString())).toEqual(['short', 'next'])
    }
  })
})

/** The ids of a file's references. */
function idsOf(results: Buffer, at: number): Buffer {
  const count = results.readUInt32LE(at + FILE_RESULT.referenceCount)
  const start = at + FILE_RESULT.references + count * 8
  return Buffer.from(results.subarray(start, start + count * 32))
}

function idTexts(ids: Uint8Array): string[] {
  const text = Buffer.from(ids).toString('hex')
  return text.match(/.{64}/g) ?? []
}

describe('what a file held in a trusted parent', () => {
  /** Stores files with a real store, and tells which ids were looked up; all of them are said to be new. */
  async function storing(): Promise<
    (
      fd: number,
      files: readonly (readonly [name: string, size: number, former?: Uint8Array | undefined])[],
    ) => { ids: Buffer[]; asked: string[]; added: number }
  > {
    const storage = openLocal(scratchFolder(fastFolder))
    await storage.prepare()
    const real: RepositoryContext = {
      location: storage.location,
      repositoryId: Buffer.alloc(16, 9),
      sealed: false,
      keys: deriveRepositoryKeys(Buffer.alloc(32, 5)),
      chunkAverageBytes: 16 * 1024,
      cataloguePath: '',
      compressionLevel: 1,
    }
    return (fd, files) => {
      const builder = new ReadBatchBuilder()
      for (const [name, size, former] of files) builder.add(fd, Buffer.from(name), size, former)
      const asked: string[] = []
      const known = {
        hasBlob: (id: Uint8Array): boolean => {
          asked.push(Buffer.from(id).toString('hex'))
          return false
        },
      }
      const claims = new BlobClaims(BlobClaims.allocate(1024))
      const packs = new PackWriter(real, storage, () => {})
      onTestFinished(() => packs.discard())
      const store = new BlobStore(real, claims, known, packs)
      const results = new FileStorer(real, store).storeBatch(builder.take())
      const ids: Buffer[] = []
      for (let at = 0; at < results.length;) {
        ids.push(idsOf(results, at))
        at += results.readUInt32LE(at + FILE_RESULT.totalBytes)
      }
      return { ids, asked, added: store.counts.dataBlobsAdded }
    }
  }

  // Read with others in one call, alone into the window, and through the window piece by piece.
  it.each([3000, 40_000, 200_000, 3 * MiB])(
    'is not looked up when it was only touched (%i bytes)',
    async (size) => {
      const { fd, at } = scratchDirectory()
      const names = ['a', 'b', 'c']
      for (const name of names) writeFileSync(at(name), randomBytesOf(name, size))
      const store = await storing()
      const before = store(
        fd,
        names.map((name) => [name, size] as const),
      )
      expect(before.asked).toEqual(before.ids.flatMap(idTexts))
      const after = store(
        fd,
        names.map((name, file) => [name, size, before.ids[file]] as const),
      )
      expect(after).toEqual({ ids: before.ids, asked: [], added: 0 })
    },
  )

  it.each([200_000, 3 * MiB])(
    'is found on both sides of an edit, and only what is new is looked up (%i bytes)',
    async (size) => {
      const { fd, at } = scratchDirectory()
      const content = randomBytesOf('file', size)
      writeFileSync(at('file'), content)
      const store = await storing()
      const [former] = store(fd, [['file', size]]).ids
      const middle = size / 2
      const edit = Buffer.from('two words more')
      const edited = [content.subarray(0, middle), edit, content.subarray(middle)]
      writeFileSync(at('file'), Buffer.concat(edited))
      const { ids, asked, added } = store(fd, [['file', size + edit.length, former]])
      const held = new Set(idTexts(former))
      const chunks = idTexts(ids[0])
      expect(asked).toEqual(chunks.filter((id) => !held.has(id)))
      expect(added).toBe(asked.length)
      expect(asked.length).toBeGreaterThan(0)
      expect(asked.length).toBeLessThan(chunks.length / 2)
      // Behind the edit as well as before it.
      expect([held.has(chunks[0]), held.has(chunks[chunks.length - 1])]).toEqual([true, true])
    },
  )

  it('is not taken for what another file of the batch held', async () => {
    const { fd, at } = scratchDirectory()
    for (const name of ['a', 'b', 'c']) writeFileSync(at(name), randomBytesOf(name, 5000))
    const store = await storing()
    const [a, , c] = store(fd, [
      ['a', 5000],
      ['b', 5000],
      ['c', 5000],
    ]).ids
    for (const [former, asked] of [
      [[a, undefined, c], ['b']],
      [
        [undefined, a, undefined],
        ['a', 'b', 'c'],
      ],
      [
        [undefined, undefined, c],
        ['a', 'b'],
      ],
    ] as const) {
      const result = store(
        fd,
        ['a', 'b', 'c'].map((name, file) => [name, 5000, former[file]] as const),
      )
      const names = new Map(result.ids.map((id, file) => [id.toString('hex'), 'abc'[file]]))
      expect(result.asked.map((id) => names.get(id))).toEqual(asked)
    }
  })
})
