/**
 * The middle and the ends of a few measurements; with so few, neither a mean nor a deviation would
 * say more.
 */
export interface Spread {
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

/** @throws {RangeError} When there is nothing to summarise. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('No values to summarise')
  const sorted = values.toSorted((left, right) => left - right)
  const middle = sorted.length >> 1
  const median =
    sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { median, lowest: sorted[0], highest: sorted[sorted.length - 1] }
}
