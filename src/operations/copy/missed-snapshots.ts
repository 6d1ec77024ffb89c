import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { isLate } from '../../repository/is-late.ts'
import type { Repository } from '../../repository/repository.ts'

/**
 * What a repository lacks because it could not be reached: of the host and paths of a snapshot everything in the source from the newest one on that the
 * target has from before, up to the snapshot itself. Where the target has none, only the snapshot: a whole history is nothing that a backup
 * should begin with unasked, and what was forgotten in the target must not come back.
 */
export function missedSnapshots(
  target: Repository,
  source: Repository,
  { hostname, base, paths, startedAtMs }: Snapshot,
): readonly SnapshotSummary[] {
  const alike = ({ catalogue }: Repository): SnapshotSummary[] =>
    catalogue.snapshots
      .list({ hostname, base, paths })
      .filter((summary) => !isLate(summary) && summary.startedAtMs <= startedAtMs)
  const newestMs = alike(target).findLast(
    (summary) => summary.startedAtMs < startedAtMs,
  )?.startedAtMs
  return alike(source).filter((summary) =>
    newestMs === undefined ? summary.startedAtMs === startedAtMs : summary.startedAtMs > newestMs,
  )
}
