/** Adds up products of windows of shards: every step of building parity and of reconstructing is such a sum. For one thread. */
export interface ShardCombiner {
  readonly windowBytes: number
  /** Where the next summand is put; what lies behind its end does not matter. */
  readonly input: Uint8Array
  /** The sums, each of `windowBytes`. */
  readonly sums: readonly Uint8Array[]
  /** Makes all sums zero. */
  clear(): void
  /**
   * Adds to each sum the product of its coefficient with the first `lengthBytes` of the input.
   *
   * @throws {RangeError} when the number of coefficients or the length does not fit.
   */
  add(coefficients: readonly number[], lengthBytes: number): void
}

/** @throws {RangeError} */
export function assertSummand(
  combiner: ShardCombiner,
  coefficients: readonly number[],
  lengthBytes: number,
): void {
  if (coefficients.length !== combiner.sums.length) {
    throw new RangeError(`${coefficients.length} coefficients for ${combiner.sums.length} sums`)
  }
  if (!(lengthBytes >= 0 && lengthBytes <= combiner.windowBytes)) {
    throw new RangeError(`${lengthBytes} bytes in a window of ${combiner.windowBytes}`)
  }
}
