import type { Snapshot } from '../../model/snapshot.ts'
import { isLate } from '../../repository/is-late.ts'
import type { Repository } from '../../repository/repository.ts'

/** Whether a snapshot is newer than all of the same host, base and paths that the repository has. */
export function isNewer(repository: Repository, snapshot: Snapshot): boolean {
  const { hostname, base, paths, startedAtMs } = snapshot
  const newest = repository.catalogue.snapshots.latest(
    { hostname, base, paths },
    (summary) => !isLate(summary),
  )
  return newest === undefined || startedAtMs > newest.startedAtMs
}
