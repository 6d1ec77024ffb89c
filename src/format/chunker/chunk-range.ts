import type { ChunkLimits } from './chunker-parameters.ts'

/** Splits ranges of a memory of its own into chunks. For one thread. */
export interface Chunker {
  /** The memory that is scanned; files are read straight into it. */
  readonly memory: Uint8Array
  readonly capacityBytes: number
  /**
   * Finds the end of the chunk that begins at `startOffset`.
   *
   * Where chunks end depends on the bytes since `startOffset` alone, not on how much of them was in
   * memory when.
   *
   * @param endOffset End of the bytes that are in memory.
   * @param isEnd True when no bytes follow; what is left without a cut is then a chunk.
   * @returns an offset up to `endOffset`, or -1 when more bytes are needed to tell.
   * @throws {RangeError} when the range is empty or not inside the memory.
   */
  nextCut(startOffset: number, endOffset: number, isEnd: boolean): number
}

/**
 * Finds the first offset from `first` to `last`, both included, behind which the content says to
 * cut; -1 for none.
 */
export type ScanForCut = (first: number, last: number) => number

/** The rules around the scan, common to the kernel and the reference. */
export function chunkRanges(memory: Uint8Array, limits: ChunkLimits, scan: ScanForCut): Chunker {
  const { minBytes, maxBytes } = limits
  const capacityBytes = memory.length
  if (capacityBytes < maxBytes) {
    // A full memory could be without a cut, and the caller would wait for ever for room.
    throw new RangeError(`Chunker memory of ${capacityBytes} bytes: takes at least ${maxBytes}`)
  }
  return {
    memory,
    capacityBytes,
    nextCut(startOffset, endOffset, isEnd) {
      if (!(startOffset >= 0 && startOffset < endOffset && endOffset <= capacityBytes)) {
        throw new RangeError(`Chunk range ${startOffset} to ${endOffset}: not in the memory`)
      }
      const heldBytes = endOffset - startOffset
      if (isEnd && heldBytes <= minBytes) return endOffset
      if (heldBytes < minBytes) return -1
      const limit = Math.min(endOffset, startOffset + maxBytes)
      const cut = scan(startOffset + minBytes, limit)
      if (cut >= 0) return cut
      return isEnd || heldBytes >= maxBytes ? limit : -1
    },
  }
}
