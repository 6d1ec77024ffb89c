/** What a repository fixes about its chunks; everything else follows from it. */
export interface ChunkerParameters {
  /**
   * Average length of a chunk in bytes: a power of two from `averageBytesMin` to `averageBytesMax`.
   */
  readonly averageBytes: number
}

export const averageBytesMin: number = 16 * 1024
/** The largest chunk, eight times this, must fit a frame (docs/FORMAT.md, section 5.2). */
export const averageBytesMax: number = 2 * 1024 * 1024
export const averageBytesDefault: number = 128 * 1024

/** Lengths that follow from the average. */
export interface ChunkLimits {
  /** No chunk but the last of a range is shorter. */
  readonly minBytes: number
  /** No chunk is longer. */
  readonly maxBytes: number
  /**
   * Of the 2^-k chance of a cut at one byte, the bits that the verdict takes; the sieve takes
   * `sieveBits`.
   */
  readonly verdictBits: number
}

/**
 * One window in 1,024 passes the sieve: fewer would tie cuts to fewer of the patterns that
 * structured data has.
 */
export const sieveBits = 10

/** True when a repository may have chunks of this average length. */
export function isAverageBytesSupported(averageBytes: number): boolean {
  const isPowerOfTwo = Number.isInteger(Math.log2(averageBytes))
  return isPowerOfTwo && averageBytes >= averageBytesMin && averageBytes <= averageBytesMax
}

/**
 * The limits for an average: minimum half of it, so that the scan skips half of the data and, as
 * every byte behind the minimum cuts with the chance 2/average, the mean is the average; maximum
 * eight times, which a random chunk reaches with the chance e^-15.
 *
 * @throws {RangeError} when the average is not supported.
 * @see Donovan Baarda, rollsum-chunking: minimum = average/2, maximum at least five times the
 * target.
 */
export function chunkLimitsOf(parameters: ChunkerParameters): ChunkLimits {
  const { averageBytes } = parameters
  if (!isAverageBytesSupported(averageBytes)) {
    throw new RangeError(
      `Chunk average of ${averageBytes} bytes: takes a power of two from ${averageBytesMin} to ${averageBytesMax}`,
    )
  }
  return {
    minBytes: averageBytes / 2,
    maxBytes: averageBytes * 8,
    verdictBits: Math.log2(averageBytes) - 1 - sieveBits,
  }
}
