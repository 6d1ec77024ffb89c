import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  READ_REQUEST_BYTES,
  READ_REQUEST_OFFSET,
} from '../../../../src/filesystem/posix/small-file-batch.ts'
import { ExcludeRules } from '../../../../src/filesystem/scan/exclude-rules.ts'
import type { StoredDirectory } from '../../../../src/format/tree/directory-writer.ts'
import { DirectoryReader } from '../../../../src/format/tree/directory-reader.ts'
import { findSources, openBase } from '../../../../src/operations/snapshot/source-base.ts'
import { SourceWalker } from '../../../../src/operations/snapshot/source-walker.ts'
import { expectedBytesOf } from '../../../../src/operations/snapshot/read-batch.ts'
import { FileStorer } from '../../../../src/operations/snapshot/file-storer.ts'
import type { WalkOutput } from '../../../../src/operations/snapshot/walk-contract.ts'
import { newWalkCounts } from '../../../../src/operations/snapshot/walk-counts.ts'
import type { BlobStore } from '../../../../src/repository/blob-store.ts'
import type { RepositoryContext } from '../../../../src/repository/repository-context.ts'
import { randomBytesOf } from '../../../support/random-bytes.ts'
import { scratchFolder } from '../../../support/scratch.ts'

/** Tree pages by their ids, and the ids that were stored since `stored` was cleared. */
class Pages {
  readonly pages = new Map<string, Buffer>()
  readonly stored = new Set<string>()

  store(bytes: Buffer): Buffer {
    const id = createHash('sha256').update(bytes).digest()
    this.pages.set(id.toString('hex'), Buffer.from(bytes))
    this.stored.add(id.toString('hex'))
    return id
  }

  read(id: Uint8Array): Buffer {
    const page = this.pages.get(Buffer.from(id).toString('hex'))
    if (!page) throw new Error('There is no such page')
    return page
  }
}

async function walk(
  folder: string,
  pages: Pages,
  parent: StoredDirectory | null,
  readAll: boolean,
  readBatch: WalkOutput['readBatch'] = null,
  output: Partial<WalkOutput> = {},
): Promise<StoredDirectory> {
  const sources = findSources([folder], folder)
  const reader = new DirectoryReader((id) => pages.read(id), 1000)
  const walker = new SourceWalker({
    rules: {
      excludes: new ExcludeRules([]),
      markers: [],
      fileBytesMax: Infinity,
      oneFileSystem: false,
      readAll,
      forbidden: new Set(),
    },
    observer: { onUnreadable: () => {}, onNotice: () => {}, onProgress: () => {} },
    output: {
      storeTree: (bytes) => pages.store(bytes),
      readBatch,
      ownBatchBytesMin: Infinity,
      turn: () => null,
      room: async () => undefined,
      ...output,
    },
    counts: newWalkCounts(),
    openParent: (id, bytes) => reader.pages({ id, bytes }),
  })
  return await walker.walk(openBase(sources.base), sources.tree, parent, undefined)
}

const context = {
  chunkAverageBytes: 16 * 1024,
  keys: { chunkerSecret: Buffer.alloc(32, 7) },
} as unknown as RepositoryContext

/** Reads the files of the walk, and notes what is said of each: how many chunks it held. */
function reading(): {
  held: Map<string, number>
  ids: Set<string>
  readBatch: NonNullable<WalkOutput['readBatch']>
} {
  const held = new Map<string, number>()
  const ids = new Set<string>()
  const store = {
    storeData: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest(),
    storeTree: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest(),
  }
  const storer = new FileStorer(context, store as unknown as BlobStore)
  return {
    held,
    ids,
    readBatch: async (batch) => {
      const requests = new DataView(batch.requests.buffer)
      for (let file = 0, start = 0; file < batch.count; file++) {
        const at = file * READ_REQUEST_BYTES
        const from = requests.getUint32(at + READ_REQUEST_OFFSET.nameOffset, true)
        const bytes = requests.getUint32(at + READ_REQUEST_OFFSET.nameBytes, true)
        const end = batch.former?.ends[file] ?? 0
        held.set(
          Buffer.from(batch.names.subarray(from, from + bytes)).toString(),
          (end - start) / 32,
        )
        for (; start < end; start += 32) {
          ids.add(Buffer.from(batch.former?.ids.subarray(start, start + 32) ?? []).toString('hex'))
        }
      }
      return storer.storeBatch(batch)
    },
  }
}

describe('SourceWalker', () => {
  it('stores the pages of unchanged directories again when everything is to be read', async () => {
    const folder = scratchFolder()
    mkdirSync(join(folder, 'one', 'below'), { recursive: true })
    mkdirSync(join(folder, 'two'))
    const pages = new Pages()
    const first = await walk(folder, pages, null, false)
    pages.stored.clear()
    const second = await walk(folder, pages, first, false)
    expect(second.id).toEqual(first.id)
    // The page of the root holds nothing but directories: it is the parent's, whatever pack it lies in.
    expect(pages.stored.has(first.id.toString('hex'))).toBe(false)
    const third = await walk(folder, pages, first, true)
    expect(third.id).toEqual(first.id)
    expect(pages.stored.has(first.id.toString('hex'))).toBe(true)
  })
})

describe('what files held in the parent', () => {
  /** A folder that was saved once. All of its files were touched since, `edited` was changed, and `new` has come. */
  async function scene(): Promise<{ folder: string; pages: Pages; first: StoredDirectory }> {
    const folder = scratchFolder()
    mkdirSync(join(folder, 'below'))
    mkdirSync(join(folder, 'replaced'))
    writeFileSync(join(folder, 'below', 'touched'), randomBytesOf('touched', 500))
    writeFileSync(join(folder, 'edited'), randomBytesOf('edited', 200_000))
    writeFileSync(join(folder, 'empty'), '')
    const pages = new Pages()
    const first = await walk(folder, pages, null, false, reading().readBatch)
    rmSync(join(folder, 'replaced'), { recursive: true })
    writeFileSync(join(folder, 'replaced'), 'a file now')
    writeFileSync(join(folder, 'edited'), randomBytesOf('edited', 100_000))
    writeFileSync(join(folder, 'new'), 'new')
    for (const name of ['below/touched', 'edited', 'empty']) utimesSync(join(folder, name), 1, 1)
    return { folder, pages, first }
  }

  it('goes with those that have to be read again', async () => {
    const { folder, pages, first } = await scene()
    const { held, ids, readBatch } = reading()
    await walk(folder, pages, first, false, readBatch)
    expect(Object.fromEntries(held)).toEqual({
      edited: expect.any(Number),
      empty: 0,
      new: 0,
      replaced: 0,
      touched: 1,
    })
    expect(held.get('edited')).toBeGreaterThan(4)
    const touched = createHash('sha256').update(randomBytesOf('touched', 500)).digest('hex')
    expect(ids).toContain(touched)
  })

  it('goes with none when everything is read because of a doubt', async () => {
    const { folder, pages, first } = await scene()
    const { held, ids, readBatch } = reading()
    await walk(folder, pages, first, true, readBatch)
    expect([...held.values()]).toEqual([0, 0, 0, 0, 0])
    expect(ids.size).toBe(0)
  })
})

describe('a walk beside large files', () => {
  it('gives each of them a batch of its own, in the order of the walk', async () => {
    const folder = scratchFolder()
    const large = 9 * 1024 * 1024
    for (const [name, bytes] of [
      ['a', 10],
      ['b', 20],
      ['c', large],
      ['d', large + 1],
      ['e', 30],
      ['f', 40],
    ] as const) {
      writeFileSync(join(folder, name), '')
      truncateSync(join(folder, name), bytes)
    }
    const { readBatch } = reading()
    const batches: number[][] = []
    await walk(
      folder,
      new Pages(),
      null,
      false,
      (batch, isOnly) => {
        batches.push(Array.from({ length: batch.count }, (_, file) => expectedBytesOf(batch, file)))
        return readBatch(batch, isOnly)
      },
      { ownBatchBytesMin: large },
    )
    expect(batches).toEqual([[10, 20], [large], [large + 1], [30, 40]])
  })

  it('lets messages in between the folders', async () => {
    const folder = scratchFolder()
    for (let number = 0; number < 20; number++) mkdirSync(join(folder, `${number}`))
    let turns = 0
    const turn = (): Promise<void> =>
      new Promise((resolve) => {
        setImmediate(() => {
          turns += 1
          resolve()
        })
      })
    await walk(folder, new Pages(), null, false, null, { turn })
    expect(turns).toBeGreaterThan(20)
  })
})
