import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'

/**
 * A run that finds another snapshot with its backup id stores its own again under a later one, and then removes the first (`commitSnapshot`). Between
 * the two both are there, and are one backup: counted twice, a policy of four would keep three, and one of one would keep the first, which goes, and
 * forget the one that was acknowledged.
 *
 * @returns those that no later one stands for; the others are not counted, and not forgotten either
 */
export function withoutSuperseded<Snapshot extends SnapshotSummary>(
  snapshots: readonly Snapshot[],
): Snapshot[] {
  const lastSeconds = new Map<string, number>()
  for (const snapshot of snapshots) {
    const key = runOf(snapshot)
    lastSeconds.set(key, Math.max(lastSeconds.get(key) ?? -Infinity, secondsOf(snapshot)))
  }
  return snapshots.filter((snapshot) => lastSeconds.get(runOf(snapshot)) === secondsOf(snapshot))
}

/** The same for what one run has stored twice; one that was copied from elsewhere is told from the others by what it is a copy of. */
function runOf({
  hostname,
  startedAtMs,
  endedAtMs,
  treeId,
  parentId,
  original,
}: SnapshotSummary): string {
  return JSON.stringify([hostname, startedAtMs, endedAtMs, treeId, parentId, original])
}

function secondsOf({ backupId }: SnapshotSummary): number {
  return Number(backupId.slice('backup_'.length))
}
