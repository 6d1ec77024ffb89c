import type { PackContents } from './blob-location.ts'

/** Offset, payload bytes, plain bytes; codec, with the kind in the next byte. */
const numbersPerSegment = 4
const kindShift = 8

/** Calls with one segment's number in its pack and its columns. */
export type UseSegment = (
  number: number,
  columns: {
    offset: number
    payloadBytes: number
    plainBytes: number
    codec: number
    kind: number
  },
) => void

/** Segments of many packs, 16 bytes each; five small arrays for every pack took ten times that. */
export class SegmentColumns {
  #numbers = new Uint32Array(0)
  #count = 0

  get count(): number {
    return this.#count
  }

  /** @returns the number of the first one here, for `forEach` */
  addPack({ offsets, payloadBytes, plainBytes, codecs, kinds }: PackContents): number {
    const first = this.#count
    this.#reserve(first + offsets.length)
    for (let segment = 0; segment < offsets.length; segment++) {
      const at = (first + segment) * numbersPerSegment
      this.#numbers[at] = offsets[segment]
      this.#numbers[at + 1] = payloadBytes[segment]
      this.#numbers[at + 2] = plainBytes[segment]
      this.#numbers[at + 3] = codecs[segment] | (kinds[segment] << kindShift)
    }
    this.#count += offsets.length
    return first
  }

  /** The `count` segments of one pack, from `first` on. */
  forEach(first: number, count: number, use: UseSegment): void {
    for (let segment = 0; segment < count; segment++) {
      const at = (first + segment) * numbersPerSegment
      const last = this.#numbers[at + 3]
      use(segment, {
        offset: this.#numbers[at],
        payloadBytes: this.#numbers[at + 1],
        plainBytes: this.#numbers[at + 2],
        codec: last & ((1 << kindShift) - 1),
        kind: last >>> kindShift,
      })
    }
  }

  #reserve(segments: number): void {
    const needed = segments * numbersPerSegment
    if (needed <= this.#numbers.length) return
    const numbers = new Uint32Array(Math.max(needed, this.#numbers.length * 2))
    numbers.set(this.#numbers)
    this.#numbers = numbers
  }
}
