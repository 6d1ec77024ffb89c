import { endianness } from 'node:os'

// Columns are mapped onto typed arrays, which have the byte order of the machine; the format's is little-endian.
if (endianness() !== 'LE') throw new Error('Holdfast needs a little-endian processor')

const twoTo32 = 4_294_967_296

/** The high word of the largest size that a number holds exactly, 2^53 - 1. */
export const safeHighWordMax = 0x1fffff

/** Value of an unsigned pair of words; exact only while `high` is at most {@link safeHighWordMax}. */
export function joinWords(low: number, high: number): number {
  return high * twoTo32 + low
}

/** Seconds of an `i64` pair; exact within ±2^53, and nearest beyond. */
export function joinSignedWords(low: number, high: number): number {
  return (high | 0) * twoTo32 + low
}

/** Low word of an integer within ±(2^53 - 1), in two's complement. */
export function lowWord(value: number): number {
  return value >>> 0
}

/** High word (as `u32`) of an integer within ±(2^53 - 1), in two's complement. */
export function highWord(value: number): number {
  return Math.floor(value / twoTo32) >>> 0
}
