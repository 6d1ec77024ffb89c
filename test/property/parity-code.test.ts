import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  coefficientOf,
  invertMatrix,
  recoveryCoefficients,
} from '../../src/format/parity/coding-matrix.ts'
import { invert, multiply } from '../../src/format/parity/galois-field.ts'
import { createShardCombiner } from '../../src/format/parity/kernel-combiner.ts'
import { createReferenceCombiner } from '../../src/format/parity/reference-combiner.ts'
import type { ShardCombiner } from '../../src/format/parity/shard-combiner.ts'
import { randomBytesOf } from '../support/random-bytes.ts'

/*
 * The oracle knows nothing of tables and matrices: products are products of polynomials, divided by the field's polynomial with a
 * remainder, and a coefficient is found by trying all.
 */
function polynomialProduct(left: number, right: number): number {
  let product = 0
  for (let bit = 0; bit < 8; bit++) if (((right >> bit) & 1) === 1) product ^= left << bit
  for (let bit = 14; bit >= 8; bit--)
    if (((product >> bit) & 1) === 1) product ^= 0x11d << (bit - 8)
  return product
}

const inverses = Array.from({ length: 256 }, (_, value) =>
  Array.from({ length: 256 }, (__, other) => other).find(
    (other) => polynomialProduct(value, other) === 1,
  ),
)

function oracleParity(shards: readonly Uint8Array[], number: number): Uint8Array {
  const longest = Math.max(...shards.map(({ length }) => length))
  return Uint8Array.from({ length: longest }, (_, offset) =>
    shards.reduce(
      (sum, shard, place) =>
        sum ^ polynomialProduct(inverses[(64 + number) ^ place] ?? 0, shard[offset] ?? 0),
      0,
    ),
  )
}

function encode(combiner: ShardCombiner, shards: readonly Uint8Array[]): Buffer[] {
  combiner.clear()
  for (const [place, shard] of shards.entries()) {
    combiner.input.set(shard)
    const coefficients = combiner.sums.map((_, number) => coefficientOf(number, place))
    combiner.add(coefficients, shard.length)
  }
  return combiner.sums.map((sum) => Buffer.from(sum))
}

/** Any window that the kernel has to treat in a way of its own: one vector, blocks, and their ends. */
const lengths = [1, 15, 16, 17, 31, 100, 8191, 8192, 8193, 16_384, 20_000]

describe('the field', () => {
  it('multiplies and inverts as polynomials do', () => {
    const wrong: string[] = []
    for (let left = 0; left < 256; left++) {
      for (let right = 0; right < 256; right++) {
        if (multiply(left, right) !== polynomialProduct(left, right)) wrong.push(`${left} ${right}`)
      }
      if (left > 0 && invert(left) !== inverses[left]) wrong.push(`1/${left}`)
    }
    expect(wrong).toEqual([])
    expect(() => invert(0)).toThrow(RangeError)
  })
})

describe('the matrix', () => {
  it('has the coefficients of the format for ever', () => {
    const row = (number: number): number[] =>
      Array.from({ length: 4 }, (_, place) => coefficientOf(number, place))
    expect([row(0), row(1), row(15)]).toEqual([
      [54, 95, 248, 213],
      [95, 54, 213, 248],
      [147, 69, 103, 22],
    ])
    for (const [number, place] of [
      [16, 0],
      [-1, 0],
      [0, 64],
    ]) {
      expect(() => coefficientOf(number, place)).toThrow(RangeError)
    }
  })

  it('can be inverted whatever is lost', () => {
    const some = (count: number, most: number): fc.Arbitrary<number[]> =>
      fc.uniqueArray(fc.nat(most - 1), { minLength: count, maxLength: count })
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 16 })
          .chain((count) => fc.tuple(some(count, 16), some(count, 64))),
        ([numbers, places]) => {
          const matrix = numbers.map((number) =>
            places.map((place) => coefficientOf(number, place)),
          )
          const inverse = invertMatrix(matrix)
          for (const [row, values] of matrix.entries()) {
            for (let column = 0; column < values.length; column++) {
              const cell = values.reduce(
                (sum, value, index) => sum ^ polynomialProduct(value, inverse[index][column]),
                0,
              )
              expect(cell).toBe(row === column ? 1 : 0)
            }
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('refuses one that cannot be inverted', () => {
    expect(() =>
      invertMatrix([
        [1, 2],
        [2, 4],
      ]),
    ).toThrow(RangeError)
    expect(() => recoveryCoefficients(0, [1], [0], [])).toThrow(RangeError)
    expect(() => recoveryCoefficients(1, [1, 2], [0], [])).toThrow(RangeError)
  })
})

describe('the kernel', () => {
  it.each(lengths)(
    'gives what the reference and the oracle give in windows of %i bytes',
    (bytes) => {
      for (const sumCount of [1, 2, 3, 16]) {
        const shards = [0, 1, 2, 3, 63].map((seed) =>
          randomBytesOf(`${seed} ${bytes}`, seed === 2 ? Math.ceil(bytes / 3) : bytes),
        )
        const sums = encode(createShardCombiner(sumCount, bytes), shards)
        const short = bytes <= 100
        expect(sums.map((sum) => sum.toString('hex'))).toEqual(
          encode(createReferenceCombiner(sumCount, bytes), shards).map((sum) =>
            sum.toString('hex'),
          ),
        )
        if (!short) continue
        for (const [number, sum] of sums.entries()) {
          expect(sum.equals(oracleParity(shards, number))).toBe(true)
        }
      }
    },
  )

  it('ignores what lies behind a summand, and adds nothing for a coefficient of zero', () => {
    const combiner = createShardCombiner(2, 64)
    combiner.clear()
    combiner.input.fill(0xff)
    combiner.add([1, 0], 5)
    expect([...combiner.sums[0].subarray(0, 7)]).toEqual([255, 255, 255, 255, 255, 0, 0])
    expect(combiner.sums[1].every((byte) => byte === 0)).toBe(true)
  })

  it('refuses sizes that do not fit', () => {
    expect(() => createShardCombiner(0, 16)).toThrow(RangeError)
    expect(() => createShardCombiner(17, 16)).toThrow(RangeError)
    expect(() => createShardCombiner(1, 0)).toThrow(RangeError)
    const combiner = createShardCombiner(1, 16)
    expect(() => combiner.add([1, 2], 16)).toThrow(RangeError)
    expect(() => combiner.add([1], 17)).toThrow(RangeError)
  })
})

describe('any shards of a group', () => {
  it('come back from the others, as many as there is parity', () => {
    const group = fc
      .record({ packs: fc.integer({ min: 1, max: 64 }), parity: fc.integer({ min: 1, max: 16 }) })
      .chain(({ packs, parity }) =>
        fc.record({
          packs: fc.constant(packs),
          parity: fc.constant(parity),
          seed: fc.nat(),
          lost: fc.uniqueArray(fc.nat(packs + parity - 1), {
            minLength: 1,
            maxLength: Math.min(parity, packs + parity),
          }),
        }),
      )
    fc.assert(
      fc.property(group, ({ packs, parity, seed, lost }) => {
        const bytes = 48
        const shards = Array.from({ length: packs }, (_, place) =>
          randomBytesOf(`${seed} ${place}`, bytes),
        )
        const sums = encode(createShardCombiner(parity, bytes), shards)
        const lostPlaces = lost.filter((index) => index < packs).sort((a, b) => a - b)
        const numbers = sums
          .map((_, number) => number)
          .filter((number) => !lost.includes(packs + number))
          .slice(0, lostPlaces.length)
        const places = shards
          .map((_, place) => place)
          .filter((place) => !lostPlaces.includes(place))
        const combiner = createShardCombiner(1, bytes)
        for (const wanted of lostPlaces) {
          const { data, parity: ofParity } = recoveryCoefficients(
            wanted,
            lostPlaces,
            numbers,
            places,
          )
          combiner.clear()
          for (const [index, place] of places.entries()) {
            combiner.input.set(shards[place])
            combiner.add([data[index]], bytes)
          }
          for (const [index, number] of numbers.entries()) {
            combiner.input.set(sums[number])
            combiner.add([ofParity[index]], bytes)
          }
          expect(Buffer.from(combiner.sums[0]).equals(shards[wanted])).toBe(true)
        }
      }),
      { numRuns: 80 },
    )
  })
})
