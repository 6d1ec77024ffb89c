import { multiply } from './galois-field.ts'
import { assertSummand, type ShardCombiner } from './shard-combiner.ts'

/** The definition in plain TypeScript of what the kernel does (combine-shards.ts), byte by byte. */
export function createReferenceCombiner(sumCount: number, windowBytes: number): ShardCombiner {
  const combiner: ShardCombiner = {
    windowBytes,
    input: new Uint8Array(windowBytes),
    sums: Array.from({ length: sumCount }, () => new Uint8Array(windowBytes)),
    clear() {
      for (const sum of combiner.sums) sum.fill(0)
    },
    add(coefficients, lengthBytes) {
      assertSummand(combiner, coefficients, lengthBytes)
      for (const [index, sum] of combiner.sums.entries()) {
        for (let offset = 0; offset < lengthBytes; offset++) {
          sum[offset] ^= multiply(coefficients[index], combiner.input[offset])
        }
      }
    },
  }
  return combiner
}
