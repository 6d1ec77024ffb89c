import { sumCosts, type StorageCost } from '../../foundation/storage-cost.ts'
import type { PackRequest } from '../../repository/audit/read-packs.ts'
import { costOfRanges, costOfWholePacks } from '../../repository/read-cost.ts'
import type { Repository } from '../../repository/repository.ts'
import { sealedRangeOf } from '../../repository/sealed-range.ts'
import { blobKinds } from '../../repository/segment-buffer.ts'

/** Folders of which every object is looked at. */
const foldersListed = 8

/**
 * What a verification asks of the storage. Packs are read whole, because their names are the hashes of all of their bytes. Small objects are
 * counted by the catalogue, which does not know how long they are: beside packs that is nothing.
 *
 * @param snapshotCount undefined for the whole repository
 */
export function verificationCost(
  repository: Repository,
  packs: readonly PackRequest[],
  snapshotCount: number | undefined,
): StorageCost {
  const cost = costOfWholePacks(packs)
  if (!repository.storage.capabilities.isRemote) return sumCosts(cost)
  const { catalogue } = repository
  const kinds = ['index', 'snapshots', 'journal', 'parity'] as const
  const small =
    snapshotCount === undefined
      ? {
          gets: kinds.reduce((sum, kind) => sum + catalogue.objectIds(kind).size, 0),
          lists: foldersListed,
          // What each was found to be, and what was read.
          puts: catalogue.objectIds('snapshots').size + 1,
        }
      : { gets: snapshotCount, puts: snapshotCount + 1 }
  return sumCosts(cost, costOfTrees(repository, packs), small)
}

/** The walk proves directories by themselves, beside their packs. */
function costOfTrees(
  { catalogue }: Repository,
  packs: readonly PackRequest[],
): Partial<StorageCost> {
  const ranges = packs.flatMap(({ row, packId, wanted }) =>
    catalogue.blobs
      .segments(row)
      .filter(({ kind, number }) => kind === blobKinds.tree && (!wanted || wanted[number] === 1))
      .map((segment) => sealedRangeOf(packId, segment)),
  )
  return costOfRanges(ranges)
}
