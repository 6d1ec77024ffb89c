import { ftruncateSync, truncateSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { posix } from '../../../../src/filesystem/posix/posix.ts'
import { createChunker, type Chunker } from '../../../../src/format/chunker/chunker.ts'
import {
  holeOffset,
  readPiece,
  type FilePiece,
} from '../../../../src/operations/snapshot/file-piece.ts'
import { openLargeFile, type LargeFile } from '../../../../src/operations/snapshot/large-file.ts'
import { randomBytesOf } from '../../../support/random-bytes.ts'
import { fastFolder } from '../../../support/scratch.ts'
import { scratchDirectory, type ScratchDirectory } from '../../filesystem/scratch-directory.ts'

const KiB = 1024
const average = 16 * KiB
const secret = Buffer.alloc(32, 7)
const chunkerOf = (capacityBytes: number): Chunker =>
  createChunker({ averageBytes: average }, secret, capacityBytes)

let folder: ScratchDirectory

beforeEach(() => {
  folder = scratchDirectory(fastFolder)
})

/** Writes data where the extents say, in bytes, and holes elsewhere. */
function writeSparse(
  sizeBytes: number,
  extents: readonly (readonly [number, number])[],
): LargeFile {
  const name = Buffer.from('file')
  const descriptor = posix.createFile(folder.fd, name)
  for (const [start, end] of extents) {
    const bytes = randomBytesOf(`${start}`, end - start)
    posix.write(descriptor, bytes, 0, bytes.length, start)
  }
  ftruncateSync(descriptor, sizeBytes)
  posix.close(descriptor)
  return openLargeFile(folder.fd, name)
}

type Reference = readonly [kind: 'hole' | 'data', length: number, bytes: Buffer | null]

/** All pieces, one after the other. */
function readAll(file: LargeFile, chunker: Chunker): { references: Reference[]; ends: number[] } {
  const references: Reference[] = []
  const ends: number[] = []
  for (let position = 0; ;) {
    const piece = readPiece(file, position, chunker)
    references.push(...referencesOf(piece, chunker))
    ends.push(piece.end)
    if (piece.isLast) return { references, ends }
    expect(piece.end).toBeGreaterThan(position)
    position = piece.end
  }
}

function referencesOf({ offsets, lengths }: FilePiece, chunker: Chunker): Reference[] {
  return offsets.map((offset, item) =>
    offset === holeOffset
      ? ['hole', lengths[item], null]
      : [
          'data',
          lengths[item],
          Buffer.from(chunker.memory.subarray(offset, offset + lengths[item])),
        ],
  )
}

/** What the references have to be: each extent in one go, with all of it in memory. */
function expected(sizeBytes: number, extents: readonly (readonly [number, number])[]): Reference[] {
  const references: Reference[] = []
  const addHole = (length: number): void => {
    if (length > 0) references.push(['hole', length, null])
  }
  let at = 0
  for (const [start, end] of extents) {
    addHole(start - at)
    const length = end - start
    const chunker = chunkerOf(Math.max(length, average * 8))
    chunker.memory.set(randomBytesOf(`${start}`, length))
    for (let offset = 0; offset < length;) {
      const cut = chunker.nextCut(offset, length, true)
      references.push(['data', cut - offset, Buffer.from(chunker.memory.subarray(offset, cut))])
      offset = cut
    }
    at = end
  }
  addHole(sizeBytes - at)
  return references
}

const page = 4 * KiB
const files: Record<string, { size: number; extents: readonly (readonly [number, number])[] }> = {
  'no hole': { size: 900_001, extents: [[0, 900_001]] },
  'exactly the memory': { size: 384 * KiB, extents: [[0, 384 * KiB]] },
  'one byte more than the memory': { size: 384 * KiB + 1, extents: [[0, 384 * KiB + 1]] },
  'nothing but a hole': { size: 1_000_000, extents: [] },
  'a hole at the beginning': { size: 600 * KiB, extents: [[200 * KiB, 600 * KiB]] },
  'a hole at the end': { size: 1_000_001, extents: [[0, 400 * KiB]] },
  'many small extents': {
    size: 300 * page,
    extents: Array.from({ length: 100 }, (_, n) => [n * 3 * page, n * 3 * page + page] as const),
  },
  'large extents that do not fit together': {
    size: 2000 * KiB,
    extents: [
      [4 * KiB, 204 * KiB],
      [208 * KiB, 800 * KiB],
      [900 * KiB, 1284 * KiB],
      [1288 * KiB, 1988 * KiB],
    ],
  },
}

describe('readPiece()', () => {
  it.each(
    Object.keys(files).flatMap((name) =>
      // The smallest memory there may be, the usual ratio, and room for everything.
      [128 * KiB, 384 * KiB, 4096 * KiB].map((capacity) => ({ name, capacity })),
    ),
  )('cuts as in one go: $name, memory of $capacity bytes', ({ name, capacity }) => {
    const { size, extents } = files[name]
    const file = writeSparse(size, extents)
    const { references, ends } = readAll(file, chunkerOf(capacity))
    const wanted = expected(size, extents)
    expect(references.map(([kind, length]) => `${kind} ${length}`)).toEqual(
      wanted.map(([kind, length]) => `${kind} ${length}`),
    )
    expect(references).toEqual(wanted)
    expect(ends.at(-1)).toBe(size)
    posix.close(file.descriptor)
  })

  it('ends where the file ends meanwhile, and makes no zeros up', () => {
    for (const extents of [[[0, 1000 * KiB]], [[0, 900 * KiB]], [[0, 700 * KiB]]] as const) {
      const file = writeSparse(1000 * KiB, extents)
      const chunker = chunkerOf(384 * KiB)
      const first = readPiece(file, 0, chunker)
      truncateSync(folder.at('file'), 500_000)
      const second = readPiece(file, first.end, chunker)
      const third = second.isLast ? second : readPiece(file, second.end, chunker)
      expect([third.end, third.isLast]).toEqual([500_000, true])
      truncateSync(folder.at('file'), 100)
      expect(readPiece(file, first.end, chunker)).toMatchObject({
        offsets: [],
        end: first.end,
        isLast: true,
      })
      posix.close(file.descriptor)
      posix.unlinkAt(folder.fd, Buffer.from('file'))
    }
  })

  it('reads no more than there was when it was opened', () => {
    const file = writeSparse(100 * KiB, [[0, 100 * KiB]])
    const writer = posix.openFile(folder.fd, Buffer.from('file'), 1)
    posix.write(writer, randomBytesOf('more', 100 * KiB), 0, 100 * KiB, 100 * KiB)
    posix.close(writer)
    const { ends, references } = readAll(file, chunkerOf(384 * KiB))
    expect(ends).toEqual([100 * KiB])
    expect(references).toEqual(expected(100 * KiB, [[0, 100 * KiB]]))
    posix.close(file.descriptor)
  })
})
