/**
 * Random numbers that follow from a seed alone, equal on every machine.
 *
 * The generator is "small fast counting", sfc32: 128 bits of state, passes PractRand, and is three
 * times as fast in JavaScript as one with 64-bit state, which would need BigInt.
 * @see Chris Doty-Humphrey, PractRand, RNG engine "sfc32".
 */
export class SeededRandom {
  #a: number
  #b: number
  #c: number
  #counter: number = 1

  /** @param stream Makes independent sequences out of one seed. */
  constructor(seed: number, stream: number) {
    this.#a = seed | 0
    this.#b = stream | 0
    this.#c = 0x9e3779b9 | 0
    // The author's warm-up: the state needs 12 rounds until each seed bit has reached all of it.
    for (let round = 0; round < 12; round += 1) this.uint32()
  }

  /** A whole number from 0 up to 2^32 - 1. */
  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** A number from 0 up to, but not including, 1. */
  fraction(): number {
    return this.uint32() / 0x1_0000_0000
  }

  /** A whole number from 0 up to, but not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit)
  }

  /** One of the values, each as likely as the others. */
  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)]
  }

  /** Lower-case hexadecimal digits. */
  hex(digitCount: number): string {
    let digits = ''
    while (digits.length < digitCount) digits += this.uint32().toString(16).padStart(8, '0')
    return digits.slice(0, digitCount)
  }

  /**
   * About normally distributed around 0 with a deviation of 1: the sum of four uniform 16-bit
   * numbers (Irwin-Hall).
   */
  normal(): number {
    const first = this.uint32()
    const second = this.uint32()
    const sum = (first & 0xffff) + (first >>> 16) + (second & 0xffff) + (second >>> 16)
    // The sum of n uniform numbers below 1 has mean n / 2 and variance n / 12.
    return (sum / 65536 - 2) * Math.sqrt(3)
  }
}

/**
 * A number from 0 up to 1 that follows from a text, for choices that must not depend on the order
 * of visits.
 */
export function fractionOf(text: string, seed: number): number {
  // FNV-1a, then the finisher of MurmurHash3: alone, FNV's high bits hardly see the last
  // characters.
  let hash = 0x811c9dc5 ^ seed
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000
}
