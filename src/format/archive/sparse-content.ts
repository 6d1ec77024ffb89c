import type { SparseSegment } from './sparse-map.ts'

/** Follows the content of a sparse file and says what comes next: a hole, or bytes of the archive. */
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

  /** Goes past the hole that comes next. @returns its bytes, 0 when none comes */
  skipHole(): number {
    const end = this.#segments[this.#index]?.offset ?? this.#realBytes
    const bytes = Math.max(0, end - this.#at)
    this.#at += bytes
    return bytes
  }

  advance(bytes: number): void {
    this.#at += bytes
    const { offset, bytes: length } = this.#segments[this.#index]
    if (this.#at === offset + length) this.#index += 1
  }
}
