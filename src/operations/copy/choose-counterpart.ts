import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { rootOf } from '../../repository/find-entry.ts'
import { isLate } from '../../repository/is-late.ts'
import { originKey, originOf } from '../../repository/origin-of.ts'
import { openParentDirectories } from '../../repository/parent-directories.ts'
import type { Repository } from '../../repository/repository.ts'
import { nothingKnown, StampedEntries, TwinEntries, type KnownEntries } from './known-entries.ts'

/** A snapshot of the target that a copy is compared with. */
export interface Counterpart {
  readonly target: Snapshot
  /** The snapshot of the source that has the same contents; null for a backup of the same files, which is compared by time stamps. */
  readonly source: Snapshot | null
}

/**
 * Chooses what unchanged contents are taken from: the snapshot nearest in time of the same host and base that both repositories have, with the same
 * paths if there is one, else the target's newest backup of the same files. A late one need not be whole and serves for nothing.
 */
export function chooseCounterpart(
  source: Repository,
  target: Repository,
  snapshot: Snapshot,
): Counterpart | null {
  const { hostname, base, paths } = snapshot
  for (const filter of [
    { hostname, base, paths },
    { hostname, base },
  ]) {
    const twin = nearestTwin(source, target, snapshot, filter)
    if (twin) return twin
  }
  const { snapshots } = target.catalogue
  const isSound = (summary: SnapshotSummary): boolean => !isLate(summary)
  const found =
    snapshots.latest({ hostname, base, paths }, isSound) ??
    snapshots.latest({ hostname, base }, isSound)
  const chosen = found && snapshots.get(found.id)
  return chosen ? { target: chosen, source: null } : null
}

function nearestTwin(
  source: Repository,
  target: Repository,
  snapshot: Snapshot,
  filter: Parameters<Repository['catalogue']['snapshots']['list']>[0],
): Counterpart | undefined {
  const inSource = new Map<string, SnapshotSummary>()
  for (const summary of source.catalogue.snapshots.list(filter)) {
    if (!isLate(summary)) inSource.set(originKey(originOf(source, summary)), summary)
  }
  let nearest: { target: SnapshotSummary; source: SnapshotSummary } | undefined
  const distance = (summary: SnapshotSummary): number =>
    Math.abs(summary.startedAtMs - snapshot.startedAtMs)
  for (const summary of target.catalogue.snapshots.list(filter)) {
    const twin = isLate(summary) ? undefined : inSource.get(originKey(originOf(target, summary)))
    if (!twin) continue
    if (!nearest || distance(summary) <= distance(nearest.target)) {
      nearest = { target: summary, source: twin }
    }
  }
  const inTarget = nearest && target.catalogue.snapshots.get(nearest.target.id)
  const twin = nearest && source.catalogue.snapshots.get(nearest.source.id)
  return inTarget && twin ? { target: inTarget, source: twin } : undefined
}

/** What the target has of the tree already. */
export function knownEntriesOf(
  source: Repository,
  target: Repository,
  counterpart: Counterpart | null,
): KnownEntries {
  if (!counterpart) return nothingKnown
  const openTarget = openParentDirectories(target)
  const top = rootOf(counterpart.target)
  if (!counterpart.source) return new StampedEntries(openTarget, top)
  return new TwinEntries(
    { source: openParentDirectories(source), target: openTarget },
    { source: rootOf(counterpart.source), target: top },
  )
}
