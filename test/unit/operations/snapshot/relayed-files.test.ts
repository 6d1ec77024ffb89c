import { createHash } from 'node:crypto'
import { ftruncateSync, linkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { posix, type Posix } from '../../../../src/filesystem/posix/posix.ts'
import { STAT_OFFSET } from '../../../../src/filesystem/posix/stat-record.ts'
import { flagChangedWhileRead, flagHardLinked } from '../../../../src/format/tree/entry-flags.ts'
import { FileStorer } from '../../../../src/operations/snapshot/file-storer.ts'
import {
  FILE_RESULT,
  fileOutcome,
  ReadBatchBuilder,
  type ReadBatch,
} from '../../../../src/operations/snapshot/read-batch.ts'
import type { PieceRequest } from '../../../../src/operations/snapshot/relay.ts'
import { RelayedFiles } from '../../../../src/operations/snapshot/relayed-files.ts'
import type { BlobSession } from '../../../../src/repository/blob-session.ts'
import type { BlobStore } from '../../../../src/repository/blob-store.ts'
import type { FormerContent } from '../../../../src/repository/former-content.ts'
import type { RepositoryContext } from '../../../../src/repository/repository-context.ts'
import { randomBytesOf } from '../../../support/random-bytes.ts'
import { fastFolder } from '../../../support/scratch.ts'
import { scratchDirectory, type ScratchDirectory } from '../../filesystem/scratch-directory.ts'

/** What goes wrong in the file system; everything else is the real one. */
const faults = vi.hoisted(() => ({
  read: undefined as Posix['read'] | undefined,
  seekHole: undefined as Posix['seekHole'] | undefined,
}))

vi.mock(import('../../../../src/filesystem/posix/posix.ts'), async (importOriginal) => {
  const original = await importOriginal()
  const real = original.posix
  const faulty: Posix = {
    ...real,
    read: (...call) => (faults.read ?? real.read)(...call),
    seekHole: (...call) => (faults.seekHole ?? real.seekHole)(...call),
  }
  return { ...original, posix: faulty }
})

const MiB = 1024 * 1024
/** The window of every thread. */
const pieceBytes = 4 * MiB

const context = {
  chunkAverageBytes: 16 * 1024,
  keys: { chunkerSecret: Buffer.alloc(32, 7) },
} as unknown as RepositoryContext

/** Names blobs by their content, and keeps what it is given unless that was there before. */
class KeepingStore implements Pick<BlobStore, 'storeData' | 'storeTree'> {
  readonly blobs = new Map<string, Buffer>()
  asked = 0
  failure: Error | undefined

  storeData(bytes: Uint8Array, former?: FormerContent): Buffer {
    const id = createHash('sha256').update(bytes).digest()
    if (former?.has(id) === true) return id
    this.asked += 1
    if (this.failure) throw this.failure
    this.blobs.set(id.toString('hex'), Buffer.from(bytes))
    return id
  }

  storeTree(bytes: Uint8Array): Buffer {
    return this.storeData(bytes)
  }
}

/** Some threads that answer after a while, the first one the latest. */
class Threads {
  readonly store = new KeepingStore()
  readonly relayed: RelayedFiles
  readonly positions: number[] = []
  /** Pieces that are being read or stored. */
  busy = 0
  /** Called before a piece is read. */
  beforePiece: (number: number) => void = () => undefined
  /** Called when a piece is cut, before any of it is stored. */
  beforeStoring: (number: number) => void = () => undefined
  /** Pieces of which nothing is heard any more. */
  readonly deadFrom: number

  constructor(deadFrom = Infinity) {
    this.deadFrom = deadFrom
    const session = { store: this.store, packs: { settle: async () => undefined } }
    this.relayed = new RelayedFiles(session as unknown as BlobSession, (piece) =>
      this.#store(piece),
    )
  }

  async #store(piece: PieceRequest): Promise<Uint8Array> {
    this.positions.push(piece.position)
    this.busy += 1
    try {
      await sleep(1)
      if (piece.number >= this.deadFrom) throw new Error('the thread died')
      this.beforePiece(piece.number)
      const storer = new FileStorer(context, this.store as unknown as BlobStore)
      const results = storer.storePiece(structuredClone(piece), (cut) => {
        this.relayed.take(cut)
        this.beforeStoring(piece.number)
      })
      await sleep(piece.number === 0 ? 60 : 20 - (piece.number % 3) * 8)
      return results
    } finally {
      this.busy -= 1
    }
  }
}

let folder: ScratchDirectory

beforeEach(() => {
  folder = scratchDirectory(fastFolder)
  faults.read = undefined
  faults.seekHole = undefined
})

function batchOf(name: string, former?: Uint8Array): ReadBatch {
  const builder = new ReadBatchBuilder()
  builder.add(folder.fd, Buffer.from(name), 64 * MiB, former)
  return builder.take()
}

/** What one thread makes of the file. */
function alone(name: string): { results: Buffer; store: KeepingStore } {
  const store = new KeepingStore()
  const results = new FileStorer(context, store as unknown as BlobStore).storeBatch(batchOf(name))
  return { results, store }
}

function writeSparse(name: string, size: number, extents: readonly (readonly [number, number])[]) {
  const descriptor = posix.createFile(folder.fd, Buffer.from(name))
  for (const [start, end] of extents) {
    posix.write(descriptor, randomBytesOf(`${name} ${start}`, end - start), 0, end - start, start)
  }
  ftruncateSync(descriptor, size)
  posix.close(descriptor)
}

function decode(results: Buffer): {
  outcome: number
  errno: number
  flags: number
  size: number
  ids: Buffer
} {
  const count = results.readUInt32LE(FILE_RESULT.referenceCount)
  const ids = FILE_RESULT.references + count * 8
  return {
    outcome: results.readUInt32LE(FILE_RESULT.outcome),
    errno: results.readUInt32LE(FILE_RESULT.errno),
    flags: results.readUInt32LE(FILE_RESULT.entryFlags),
    size: results.readUInt32LE(FILE_RESULT.status + STAT_OFFSET.size),
    ids: results.subarray(ids, ids + count * 32),
  }
}

function eio(): Error {
  return Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', errno: -5 })
}

describe('a file that several threads store', () => {
  it.each([
    ['one piece', 3 * MiB, [[0, 3 * MiB]]],
    ['exactly one window', pieceBytes, [[0, pieceBytes]]],
    ['one byte more', pieceBytes + 1, [[0, pieceBytes + 1]]],
    ['many pieces, and lists of references', 21 * MiB + 77, [[0, 21 * MiB + 77]]],
    ['nothing', 0, []],
    ['a hole', 90 * MiB, []],
    [
      'holes between',
      40 * MiB + 5,
      [
        [MiB, 2 * MiB],
        [7 * MiB, 19 * MiB],
        [20 * MiB, 20 * MiB + 4096],
        [20 * MiB + 8192, 30 * MiB],
      ],
    ],
    [
      'very many holes',
      24 * MiB,
      Array.from({ length: 3000 }, (_, n) => [n * 8192, n * 8192 + 4096] as const),
    ],
  ] as [string, number, [number, number][]][])(
    'has the entry and the blobs that one thread gives it: %s',
    async (_, size, extents) => {
      writeSparse('file', size, extents)
      linkSync(folder.at('file'), folder.at('another name'))
      await sleep(30)
      const expected = alone('file')
      const threads = new Threads()
      const results = await threads.relayed.store(batchOf('file'), undefined)
      expect(results.equals(expected.results)).toBe(true)
      expect([...threads.store.blobs.keys()].toSorted()).toEqual(
        [...expected.store.blobs.keys()].toSorted(),
      )
      expect(decode(results)).toMatchObject({ outcome: fileOutcome.stored, size })
      expect(decode(results).flags & (flagHardLinked | flagChangedWhileRead)).toBe(flagHardLinked)
      expect(threads.relayed.openCount).toBe(0)
    },
  )

  it('is read while other pieces of it are stored, and in order', async () => {
    writeSparse('file', 20 * MiB, [[0, 20 * MiB]])
    const threads = new Threads()
    let busyMax = 0
    threads.beforePiece = () => (busyMax = Math.max(busyMax, threads.busy))
    await threads.relayed.store(batchOf('file'), undefined)
    expect(busyMax).toBeGreaterThan(2)
    expect(threads.positions).toEqual(threads.positions.toSorted((a, b) => a - b))
  })

  it('has its extended attributes', async () => {
    writeSparse('file', 5 * MiB, [[0, 5 * MiB]])
    const descriptor = posix.openFile(folder.fd, Buffer.from('file'), 0)
    posix.setXattr(descriptor, Buffer.from('user.x'), Buffer.from('value'))
    posix.close(descriptor)
    await sleep(30)
    const results = await new Threads().relayed.store(batchOf('file'), undefined)
    expect(results.readUInt32LE(FILE_RESULT.extraBytes)).toBeGreaterThan(0)
    expect(results.equals(alone('file').results)).toBe(true)
  })

  it('is not looked up when it was only touched', async () => {
    writeSparse('file', 6 * MiB, [[0, 6 * MiB]])
    const { ids, flags } = decode(alone('file').results)
    expect(flags >> 4).toBe(0)
    const threads = new Threads()
    const results = await threads.relayed.store(batchOf('file', ids), undefined)
    expect(decode(results).ids.equals(ids)).toBe(true)
    expect(threads.store.asked).toBe(0)
  })

  it('is a whole prefix when it grows, and marked', async () => {
    writeSparse('file', 10 * MiB, [[0, 10 * MiB]])
    const before = decode(alone('file').results)
    const threads = new Threads()
    threads.beforeStoring = () => writeFileSync(folder.at('file'), 'more', { flag: 'a' })
    const after = decode(await threads.relayed.store(batchOf('file'), undefined))
    expect(after.ids.equals(before.ids)).toBe(true)
    expect(after.size).toBe(10 * MiB)
    expect(after.flags & flagChangedWhileRead).toBe(flagChangedWhileRead)
  })

  it.each([
    ['below what was read', 2 * MiB],
    ['above what was read', 9 * MiB + 11],
  ])('ends where it is cut off, and is marked: %s', async (_, size) => {
    writeSparse('file', 30 * MiB, [[0, 30 * MiB]])
    const threads = new Threads()
    threads.beforePiece = (number) => {
      if (number === 1) truncateSync(folder.at('file'), size)
      // What comes later is not of the file that was begun.
      if (number === 3) writeFileSync(folder.at('file'), Buffer.alloc(30 * MiB, 1))
    }
    const result = decode(await threads.relayed.store(batchOf('file'), undefined))
    expect(result.size).toBe(Math.max(size, threads.positions[1]))
    expect(result.flags & flagChangedWhileRead).toBe(flagChangedWhileRead)
    expect(threads.positions.length).toBeLessThan(5)
  })

  it('goes on behind data that is gone when its end is looked for', async () => {
    writeSparse('file', 20 * MiB, [
      [0, 2 * MiB],
      [10 * MiB, 18 * MiB],
    ])
    const expected = alone('file').results
    faults.seekHole = (_, start) => {
      faults.seekHole = undefined
      return start
    }
    const results = await new Threads().relayed.store(batchOf('file'), undefined)
    expect(decode(results).ids.equals(decode(expected).ids)).toBe(true)
  })

  it('fails alone when it cannot be read in the middle, and nothing behind that is read', async () => {
    writeSparse('file', 30 * MiB, [[0, 30 * MiB]])
    const threads = new Threads()
    threads.beforePiece = (number) => {
      if (number !== 2) return
      faults.read = () => {
        throw eio()
      }
    }
    const result = decode(await threads.relayed.store(batchOf('file'), undefined))
    expect(result).toMatchObject({ outcome: fileOutcome.failed, errno: 5, size: 0 })
    expect(threads.positions).toHaveLength(3)
    expect(threads.busy).toBe(0)
  })

  it('is one that vanished when it is not there any more', async () => {
    writeSparse('file', 5 * MiB, [])
    unlinkSync(folder.at('file'))
    const results = await new Threads().relayed.store(batchOf('file'), undefined)
    expect(decode(results)).toMatchObject({ outcome: fileOutcome.vanished, errno: 2 })
  })
})

describe('a run that ends over a large file', () => {
  /** @returns what it ends with; by then no thread may read from the file any more */
  async function endOf(threads: Threads, signal?: AbortSignal): Promise<unknown> {
    writeSparse('file', 40 * MiB, [[0, 40 * MiB]])
    const error: unknown = await threads.relayed.store(batchOf('file'), signal).catch((e) => e)
    expect(threads.busy).toBe(0)
    expect(threads.relayed.openCount).toBe(0)
    return error
  }

  it('ends with the fault of the repository, although it has a number of the system', async () => {
    const threads = new Threads()
    threads.beforeStoring = (number) => {
      if (number === 1) threads.store.failure = Object.assign(eio(), { message: 'disk full' })
    }
    expect(await endOf(threads)).toMatchObject({ message: 'disk full' })
    expect(threads.positions.length).toBeLessThan(6)
  })

  it('ends when a thread dies', async () => {
    expect(await endOf(new Threads(3))).toMatchObject({ message: 'the thread died' })
  })

  it('ends at the next piece when it is interrupted', async () => {
    const abort = new AbortController()
    const threads = new Threads()
    threads.beforeStoring = (number) => {
      if (number === 1) abort.abort(new Error('interrupted'))
    }
    expect(await endOf(threads, abort.signal)).toMatchObject({ message: 'interrupted' })
    expect(threads.positions.length).toBeLessThan(4)
  })
})
