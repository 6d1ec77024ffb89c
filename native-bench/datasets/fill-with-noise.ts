import type { SeededRandom } from './seeded-random.ts'

/** Fills bytes with random ones, which nothing can compress. */
export function fillWithNoise(target: Buffer, random: SeededRandom): void {
  const wholeBytes = target.length & ~3
  for (let offset = 0; offset < wholeBytes; offset += 4)
    target.writeUInt32LE(random.uint32(), offset)
  for (let offset = wholeBytes; offset < target.length; offset += 1)
    target[offset] = random.uint32() & 0xff
}

/**
 * Fills bytes with what looks like a program's: few values are frequent, and short sequences come
 * again, so that it compresses to about a half.
 */
export function fillWithBinary(target: Buffer, random: SeededRandom): void {
  const sequences = Array.from({ length: 64 }, () => random.uint32())
  const wholeBytes = target.length & ~3
  for (let offset = 0; offset < wholeBytes; offset += 4) {
    const bits = random.uint32()
    // Half are known instructions, a quarter small numbers, a quarter anything.
    const value =
      bits >>> 31 === 0 ? sequences[bits & 63] : (bits & 0x4000_0000) === 0 ? bits & 0xff : bits
    target.writeUInt32LE(value >>> 0, offset)
  }
  target.fill(0, wholeBytes)
}
