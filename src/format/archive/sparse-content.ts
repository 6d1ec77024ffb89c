import type { SparseSegment } from './sparse-map.ts'

const zeros = Buffer.alloc(1024 * 1024)
/** Zeros of one call, so that whoever reads can look up now and then. */
const zerosMax = 16 * 1024 * 1024

/** Follows the content of a sparse file and says what comes next: zeros, or bytes of the archive. */
export class SparseContent {
  readonly #segments: readonly SparseSegment[]
  readonly #realBytes: number
  #index = 0
  #at = 0

  /** @param segments checked, none of them empty */
  constructor(segments: readonly SparseSegment[], realBytes: number) {
    this.#segments = segments
    this.#realBytes = realBytes
  }

  get isComplete(): boolean {
    return this.#at === this.#realBytes
  }

  /** Bytes of the archive that come next in one piece. */
  get segmentBytesLeft(): number {
    const { offset, bytes } = this.#segments[this.#index]
    return offset + bytes - this.#at
  }

  /** Tells of zeros when a hole comes next, of some of them when it is large. @returns whether there were any */
  fillHole(tell: (bytes: Buffer) => void): boolean {
    const end = this.#segments[this.#index]?.offset ?? this.#realBytes
    const stop = Math.min(end, this.#at + zerosMax)
    if (stop <= this.#at) return false
    while (this.#at < stop) {
      const piece = zeros.subarray(0, Math.min(zeros.length, stop - this.#at))
      tell(piece)
      this.#at += piece.length
    }
    return true
  }

  advance(bytes: number): void {
    this.#at += bytes
    const { offset, bytes: length } = this.#segments[this.#index]
    if (this.#at === offset + length) this.#index += 1
  }
}
