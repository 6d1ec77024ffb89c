import { noCost, sumCosts, type StorageCost } from '../../foundation/storage-cost.ts'
import { isLoss } from '../../repository/loss.ts'
import { NeededSegments } from '../../repository/needed-segments.ts'
import { requestsFor } from '../../repository/read-cost.ts'
import type { Repository } from '../../repository/repository.ts'
import type { RestorePlace } from './restore-target.ts'

/** Large files lie in several packs at once, and each part of one begins requests of its own: measured 1.9 to 2.2 times what is needed in one piece. */
const spread = 2

/**
 * What a restore is going to ask of a storage that is far away, before it begins. A single file is looked up. For a folder that would be a
 * second walk, which takes as long as the first, only for a number: it is taken to be as compressible as the rest, and nothing of it to be
 * there already. `--dry-run` walks, and is exact.
 *
 * @param bytes of the files
 */
export function restorationCost(
  repository: Repository,
  { source }: RestorePlace,
  bytes: number,
): StorageCost {
  if (!repository.storage.capabilities.isRemote) return noCost
  if (source.kind === 'entry') {
    const needed = new NeededSegments(repository)
    try {
      needed.add(source.entry.page, [source.entry.index])
      return needed.cost
    } catch (error) {
      // Who restores it hears of the loss.
      if (!isLoss(error)) throw error
    }
  }
  const { storedBytes, uniqueBytes } = repository.catalogue.blobs.totals()
  const downloadBytes = estimateBytes(bytes, { storedBytes, uniqueBytes })
  return sumCosts({ downloadBytes, gets: spread * requestsFor(downloadBytes) })
}

/** Files that are equal are stored once, so it is never more than there is. */
export function estimateBytes(
  bytes: number,
  { storedBytes, uniqueBytes }: { readonly storedBytes: number; readonly uniqueBytes: number },
): number {
  if (uniqueBytes === 0) return 0
  return Math.round(Math.min(storedBytes, (bytes * storedBytes) / uniqueBytes))
}
