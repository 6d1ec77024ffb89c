import { invert, multiply } from './galois-field.ts'

/** Packs of a group: one for each place. */
export const dataShardsMax = 64
export const parityShardsMax = 16

/**
 * What the shard at `place` is multiplied by in parity shard `number`: an element of a Cauchy matrix, 1 / (x ⊕ y) with x = 64 + number
 * and y = place. Every square part of such a matrix can be inverted, so any shards of a group can be lost, as many as it has parity
 * shards (Blömer et al., "An XOR-Based Erasure-Resilient Coding Scheme", 1995).
 *
 * It does not depend on how many places a group has: a pack is put into a vacant place, or taken out of one, by adding its product
 * to each parity shard.
 */
export function coefficientOf(number: number, place: number): number {
  if (!(number >= 0 && number < parityShardsMax && place >= 0 && place < dataShardsMax)) {
    throw new RangeError(`Parity ${number} of place ${place}: not in a group`)
  }
  return invert((dataShardsMax + number) ^ place)
}

/** A shard that is at hand: a data shard by its place, or a parity shard by its number. */
export type ShardPosition =
  | { readonly kind: 'data'; readonly index: number }
  | { readonly kind: 'parity'; readonly index: number }

/**
 * How a lost data shard comes from others: it is the sum of each of `at` times its coefficient.
 *
 * @param lost Places of all data shards that are not at hand, ascending, `wanted` among them.
 * @param parity Numbers of as many parity shards as there are lost ones.
 * @param places Places of all data shards that are at hand and not empty.
 */
export function recoveryCoefficients(
  wanted: number,
  lost: readonly number[],
  parity: readonly number[],
  places: readonly number[],
): { readonly data: readonly number[]; readonly parity: readonly number[] } {
  if (lost.length !== parity.length) throw new RangeError('As many parity shards as lost ones')
  const row = lost.indexOf(wanted)
  if (row < 0) throw new RangeError(`Place ${wanted} is not lost`)
  const inverse = invertMatrix(
    parity.map((number) => lost.map((place) => coefficientOf(number, place))),
  )
  const ofParity = inverse[row]
  const ofData = places.map((place) =>
    parity.reduce(
      (sum, number, index) => sum ^ multiply(ofParity[index], coefficientOf(number, place)),
      0,
    ),
  )
  return { data: ofData, parity: ofParity }
}

/**
 * Gauss–Jordan elimination.
 *
 * @throws {RangeError} when the matrix has no inverse.
 */
export function invertMatrix(matrix: readonly (readonly number[])[]): number[][] {
  const size = matrix.length
  const rows = matrix.map((row, index) => [
    ...row,
    ...Array.from({ length: size }, (_, column) => (column === index ? 1 : 0)),
  ])
  for (let column = 0; column < size; column++) {
    const pivot = rows.findIndex((row, index) => index >= column && row[column] !== 0)
    if (pivot < 0) throw new RangeError('The matrix has no inverse')
    ;[rows[column], rows[pivot]] = [rows[pivot], rows[column]]
    const scale = invert(rows[column][column])
    rows[column] = rows[column].map((value) => multiply(value, scale))
    for (let other = 0; other < size; other++) {
      const factor = rows[other][column]
      if (other === column || factor === 0) continue
      rows[other] = rows[other].map((value, index) => value ^ multiply(factor, rows[column][index]))
    }
  }
  return rows.map((row) => row.slice(size))
}
