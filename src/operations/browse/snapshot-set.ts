/** Sets of snapshots as bits; number 0 is the newest. */
export type SnapshotSet = Uint32Array

export function emptySet(count: number): SnapshotSet {
  return new Uint32Array((count + 31) >>> 5)
}

const slabWords = 65_536

/** Makes empty sets of one length by the thousand: views of common memory, where an array for each would have memory of its own. */
export class SetMaker {
  readonly #words: number
  #slab = new Uint32Array(0)
  #used = 0

  /** @param count snapshots that there are */
  constructor(count: number) {
    this.#words = (count + 31) >>> 5
  }

  make(): SnapshotSet {
    if (this.#used + this.#words > this.#slab.length) {
      this.#slab = new Uint32Array(Math.max(slabWords, this.#words))
      this.#used = 0
    }
    const start = this.#used
    this.#used += this.#words
    return this.#slab.subarray(start, this.#used)
  }
}

export function addToSet(set: SnapshotSet, number: number): void {
  set[number >>> 5] |= 1 << (number & 31)
}

export function addAll(target: SnapshotSet, source: SnapshotSet): void {
  for (let word = 0; word < source.length; word++) target[word] |= source[word]
}

export function intersection(one: SnapshotSet, other: SnapshotSet): SnapshotSet {
  return one.map((word, index) => word & other[index])
}

/** The smallest number, or -1. */
export function firstOf(set: SnapshotSet): number {
  for (let word = 0; word < set.length; word++) {
    if (set[word] !== 0) return word * 32 + (31 - Math.clz32(set[word] & -set[word]))
  }
  return -1
}

export function countOf(set: SnapshotSet): number {
  let count = 0
  for (let bits of set) {
    for (; bits !== 0; bits &= bits - 1) count += 1
  }
  return count
}

/** The smallest numbers, in order. */
export function numbersOf(set: SnapshotSet, most: number): number[] {
  const numbers: number[] = []
  for (let word = 0; word < set.length; word++) {
    for (let bits = set[word]; bits !== 0; bits &= bits - 1) {
      if (numbers.length === most) return numbers
      numbers.push(word * 32 + (31 - Math.clz32(bits & -bits)))
    }
  }
  return numbers
}
