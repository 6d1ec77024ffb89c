import type { SnapshotId } from '../../model/ids.ts'
import type { Repository } from '../../repository/repository.ts'
import { ownerTable } from './owner-table.ts'
import { maskOf, meets } from './repository-statistics.ts'

export interface DeletionStatistics {
  /** How many of the named snapshots there are. */
  readonly snapshots: number
  /** Stored bytes that only they need: what a prune frees after them, sooner or later. */
  readonly freedBytes: number
  /** Stored bytes that they need and others as well. */
  readonly sharedBytes: number
  readonly freedBlobs: number
}

/** What it would free to delete these snapshots together, which may be more than the sum of what each has for itself. */
export function deletionStatistics(
  repository: Repository,
  ids: readonly SnapshotId[],
): DeletionStatistics {
  const table = ownerTable(repository)
  const chosen = new Set(ids)
  const isChosen = (number: number): boolean => chosen.has(table.snapshotIds[number])
  const inside = maskOf(table, isChosen)
  const outside = maskOf(table, (number) => !isChosen(number))
  const sum = { freed: 0, shared: 0, blobs: 0 }
  for (const { owners, blobs, storedBytes } of table.owned) {
    if (!meets(owners, inside)) continue
    if (meets(owners, outside)) {
      sum.shared += storedBytes
      continue
    }
    sum.freed += storedBytes
    sum.blobs += blobs
  }
  return {
    snapshots: table.snapshotIds.filter((id) => chosen.has(id)).length,
    freedBytes: Math.round(sum.freed),
    sharedBytes: Math.round(sum.shared),
    freedBlobs: sum.blobs,
  }
}
