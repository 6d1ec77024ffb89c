/**
 * Sets of owners (snapshots and folders), each kept once and named by a number; 0 is the empty one. In a repository with a thousand snapshots
 * there are some thousands of them, because most of what was saved is needed by snapshots that follow each other.
 */
export class OwnerSets {
  readonly #words: number
  readonly #sets: Uint32Array[]
  readonly #byBits = new Map<string, number>()
  readonly #unions = new Map<number, number>()
  #lastOne = 0
  #lastOther = 0
  #lastUnion = 0

  /** @param size how many owners there are */
  constructor(size: number) {
    this.#words = (size + 31) >>> 5
    this.#sets = [new Uint32Array(this.#words)]
    this.#byBits.set(keyOf(this.#sets[0]), 0)
  }

  get count(): number {
    return this.#sets.length
  }

  bits(set: number): Uint32Array {
    return this.#sets[set]
  }

  /** The set of one owner. */
  only(owner: number): number {
    const bits = new Uint32Array(this.#words)
    bits[owner >>> 5] = 1 << (owner & 31)
    return this.#numberOf(bits)
  }

  union(one: number, other: number): number {
    if (one === other || other === 0) return one
    if (one === 0) return other
    // Files of one directory come one after the other, and most have the same owners.
    if (one === this.#lastOne && other === this.#lastOther) return this.#lastUnion
    const union = this.#unionOf(one, other)
    this.#lastOne = one
    this.#lastOther = other
    this.#lastUnion = union
    return union
  }

  /** @param owners further ones */
  unionOfAll(numbers: Iterable<number>, owners: readonly number[]): number {
    const bits = new Uint32Array(this.#words)
    let last = 0
    for (const number of numbers) {
      if (number === last) continue
      const set = this.#sets[number]
      for (let word = 0; word < bits.length; word++) bits[word] |= set[word]
      last = number
    }
    for (const owner of owners) bits[owner >>> 5] |= 1 << (owner & 31)
    return this.#numberOf(bits)
  }

  #unionOf(one: number, other: number): number {
    const key = one < other ? one * unionSpan + other : other * unionSpan + one
    const known = this.#unions.get(key)
    if (known !== undefined) return known
    const bits = Uint32Array.from(this.#sets[one], (word, index) => word | this.#sets[other][index])
    const number = this.#numberOf(bits)
    if (this.#unions.size >= unionsKept) this.#unions.clear()
    this.#unions.set(key, number)
    return number
  }

  #numberOf(bits: Uint32Array): number {
    const key = keyOf(bits)
    const known = this.#byBits.get(key)
    if (known !== undefined) return known
    const number = this.#sets.length
    this.#sets.push(bits)
    this.#byBits.set(key, number)
    return number
  }
}

/** Two numbers below 2^26 make one that is exact. */
const unionSpan = 2 ** 26
const unionsKept = 100_000

function keyOf(bits: Uint32Array): string {
  return Buffer.from(bits.buffer, bits.byteOffset, bits.byteLength).toString('latin1')
}
