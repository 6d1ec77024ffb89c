import type { StorageCost } from '../foundation/storage-cost.ts'
import { mergeRanges, requestLimits } from '../storage/s3/merge-ranges.ts'
import type { ObjectRange } from '../storage/object-range.ts'

export type ReadCost = Pick<StorageCost, 'gets' | 'downloadBytes'>

/** Of ranges that are announced together: near ones are fetched at once, and what lies between them is fetched along. */
export function costOfRanges(ranges: readonly ObjectRange[]): ReadCost {
  const merged = mergeRanges(ranges, requestLimits)
  return {
    gets: merged.length,
    downloadBytes: merged.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
  }
}

/** Of packs that are read from front to back, each after a look at its length. */
export function costOfWholePacks(
  packs: readonly { readonly packBytes: number }[],
): ReadCost & Pick<StorageCost, 'lists'> {
  let gets = 0
  let downloadBytes = 0
  for (const { packBytes } of packs) {
    gets += requestsFor(packBytes)
    downloadBytes += packBytes
  }
  return { gets, downloadBytes, lists: packs.length }
}

/** Of bytes that lie in one piece. */
export function requestsFor(bytes: number): number {
  return Math.ceil(bytes / requestLimits.requestBytesMax)
}
