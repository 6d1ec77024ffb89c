/** Secret numbers of the sieve, all of 16 bits; the multipliers are odd. */
export interface SieveKeys {
  readonly addLow: number
  readonly addHigh: number
  /** For the joins at a distance of 4, 8, 16 and 32 bytes. */
  readonly multipliers: readonly [number, number, number, number]
}

export const sieveWindowBytes = 64
/** The shortest sums, of which the others are made. */
const quadBytes = 4
/** Sums looked back at; a power of two above 32. */
const ringSize = 64
const ringMask = 63
/** The sums that pass, 0x7fc0 to 0x7fff, share their upper ten bits. */
const lowBits = 6
const passingHighBits = 0x1ff

/**
 * The first of the two questions asked at every byte: a 16-bit sum of the 64 bytes before it.
 *
 * It is made of nothing but what vector instructions do to eight places at once: sums of four bytes
 * are joined to sums of eight, 16, 32 and 64. The window is as long as a 64-bit gear hash's, which
 * lines of a log need: with eight bytes they gave chunks of four times the average. The fold
 * carries upper bits down, which products modulo 2^16 never do; without it text in UTF-16 and runs
 * of counters cut far too seldom.
 */
export class Sieve {
  readonly #keys: SieveKeys
  readonly #sums4 = new Uint16Array(ringSize)
  readonly #sums8 = new Uint16Array(ringSize)
  readonly #sums16 = new Uint16Array(ringSize)
  readonly #sums32 = new Uint16Array(ringSize)

  constructor(keys: SieveKeys) {
    this.#keys = keys
  }

  /** Takes in the window of `end` but for its last place. */
  warmUp(bytes: Uint8Array, end: number): void {
    for (let at = end - sieveWindowBytes + quadBytes; at < end; at++) this.passes(bytes, at)
  }

  /**
   * True when the 64 bytes before `end` pass, as one window in 1,024 does.
   *
   * To be asked for `end` directly after its warm-up or after the place before it.
   */
  passes(bytes: Uint8Array, end: number): boolean {
    const { addLow, addHigh, multipliers } = this.#keys
    const at = end & ringMask
    // The arrays keep the low 16 bits; no product here reaches 2^53.
    const low = (bytes[end - 4] | (bytes[end - 3] << 8)) + addLow
    const high = (bytes[end - 2] | (bytes[end - 1] << 8)) + addHigh
    this.#sums4[at] = low * high
    const sum8 = (this.#sums4[at] ^ (this.#sums4[(end - 4) & ringMask] * multipliers[0])) & 0xffff
    this.#sums8[at] = sum8 ^ (sum8 >>> 8)
    this.#sums16[at] = this.#sums8[at] ^ (this.#sums8[(end - 8) & ringMask] * multipliers[1])
    this.#sums32[at] = this.#sums16[at] ^ (this.#sums16[(end - 16) & ringMask] * multipliers[2])
    const sum64 = this.#sums32[at] ^ (this.#sums32[(end - 32) & ringMask] * multipliers[3])
    return (sum64 & 0xffff) >>> lowBits === passingHighBits
  }
}
