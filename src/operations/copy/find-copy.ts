import type { SnapshotId } from '../../model/ids.ts'
import type { SnapshotOrigin } from '../../model/snapshot.ts'
import { isLate } from '../../repository/is-late.ts'
import { originKey, originOf } from '../../repository/origin-of.ts'
import type { Repository } from '../../repository/repository.ts'

/** Snapshots of a repository by where they were first made. One that need not be whole is none. */
export function snapshotsByOrigin(repository: Repository): Map<string, SnapshotId> {
  const found = new Map<string, SnapshotId>()
  for (const summary of repository.catalogue.snapshots.list()) {
    if (!isLate(summary)) found.set(originKey(originOf(repository, summary)), summary.id)
  }
  return found
}

/** The snapshot of a repository that was first made there. */
export function findCopy(repository: Repository, origin: SnapshotOrigin): SnapshotId | undefined {
  return snapshotsByOrigin(repository).get(originKey(origin))
}
