import { fileStatus } from '../../filesystem/posix/file-status.ts'
import { posix } from '../../filesystem/posix/posix.ts'
import type { Chunker } from '../../format/chunker/chunker.ts'
import type { ReadableFile } from './large-file.ts'

/** Stands for a hole where the offset of a chunk would be. */
export const holeOffset = -1

/** Chunks in the chunker's memory, and the holes between them, in the order of the file. */
export interface FilePiece {
  /** Where in memory each begins; `holeOffset` for a hole. */
  readonly offsets: readonly number[]
  readonly lengths: readonly number[]
  /** Where in the file the next piece begins: a place where a chunk or a hole ends, so that the chunks of the next one are what they would be in one go. */
  readonly end: number
  /** Nothing follows: the file ends here, or has been cut off here meanwhile. */
  readonly isLast: boolean
}

/**
 * Reads a file from `position` on, where a chunk begins, until the chunker's memory is full, and cuts it there. Holes are noted and not
 * read.
 *
 * Where a chunk ends depends on the bytes since its beginning alone, so pieces that are read one after the other, each from the end of the one
 * before, have the same chunks whoever reads them. The beginning of a chunk whose end was not in memory is read again with the next piece.
 *
 * @throws the file system's error
 */
export function readPiece(file: ReadableFile, position: number, chunker: Chunker): FilePiece {
  const offsets: number[] = []
  const lengths: number[] = []
  const add = (offset: number, length: number): void => {
    if (length === 0) return
    offsets.push(offset)
    lengths.push(length)
  }
  const piece = (end: number, isLast: boolean): FilePiece => ({ offsets, lengths, end, isLast })
  const { descriptor, sizeBytes } = file
  let at = position
  let held = 0
  while (at < sizeBytes) {
    const extent = nextExtent(file, at)
    add(holeOffset, extent.start - at)
    at = extent.start
    if (extent.isNone) return piece(at, true)
    const wanted = Math.min(chunker.capacityBytes - held, extent.end - at)
    const got = wanted > 0 ? posix.read(descriptor, chunker.memory, held, wanted, at) : 0
    const isShort = got < wanted
    const cut = cutChunks(chunker, held, held + got, isShort || at + got === extent.end, add)
    at += cut - held
    held = cut
    if (isShort) return piece(at, true)
    if (at < extent.end) return piece(at, false)
  }
  return piece(at, true)
}

interface Extent {
  readonly start: number
  readonly end: number
  /** There is no more data: the file ends at `start`. */
  readonly isNone: boolean
}

/** The next data at or behind `at`. */
function nextExtent(file: ReadableFile, at: number): Extent {
  const { descriptor, sizeBytes, mayHaveHoles } = file
  if (!mayHaveHoles) return { start: at, end: sizeBytes, isNone: false }
  const start = posix.seekData(descriptor, at)
  if (start < 0 || start >= sizeBytes) {
    // No data may also mean that the file was cut off meanwhile: zeros that were never in it must not be stored.
    const end = Math.min(sizeBytes, Math.max(at, fileStatus(descriptor).sizeBytes))
    return { start: end, end, isNone: true }
  }
  const hole = posix.seekHole(descriptor, start)
  return { start, end: hole < 0 ? sizeBytes : Math.min(hole, sizeBytes), isNone: false }
}

/** @returns the end of the last chunk */
function cutChunks(
  chunker: Chunker,
  start: number,
  end: number,
  isEnd: boolean,
  add: (offset: number, length: number) => void,
): number {
  let offset = start
  while (offset < end) {
    const cut = chunker.nextCut(offset, end, isEnd)
    if (cut < 0) break
    add(offset, cut - offset)
    offset = cut
  }
  return offset
}
