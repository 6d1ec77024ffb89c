import {
  createCompressor,
  type CompressionResult,
  type Compressor,
} from '../format/compression/zstd.ts'

/** The level for data that does not shrink much; it still halves runs and notices text at once. */
const fastLevel = 1
/** Compressed part from which on a stronger level is not worth its time. */
const denseRatio = 0.6

/**
 * Compresses segment after segment at a level that the data is worth: neighbours in a tree are alike, so what the last segment gave
 * decides for the next one.
 *
 * On an index of float vectors level 3 took four times as long as level 1 and saved one per cent (243 against 970 MB/s); on source code
 * and logs it saves 5 to 9 per cent for 30 per cent more time.
 */
export class SegmentCompressor {
  readonly #strong: Compressor
  readonly #fast: Compressor
  #isDense = false

  /** @param level for data that shrinks, -7 to 22 */
  constructor(level: number) {
    this.#strong = createCompressor(level)
    this.#fast = level > fastLevel ? createCompressor(fastLevel) : this.#strong
  }

  /** As `Compressor.compress`. */
  compress(plain: Uint8Array, target: Uint8Array): CompressionResult {
    const result = (this.#isDense ? this.#fast : this.#strong).compress(plain, target)
    this.#isDense = result.bytes > plain.length * denseRatio
    return result
  }
}
