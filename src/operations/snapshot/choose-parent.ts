import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'
import type { Repository } from '../../repository/repository.ts'
import { isLate } from '../../repository/is-late.ts'
import type { PathText, Snapshot } from '../../model/snapshot.ts'

/**
 * The snapshot that unchanged files are taken from: the newest of the same host and base with the same paths, else the newest of the same
 * host and base, whose tree may hold part of them. A late one need not be whole and is no parent.
 */
export function chooseParent(
  repository: Repository,
  wanted: { hostname: string; base: PathText; paths: readonly PathText[] },
): Snapshot | null {
  const { snapshots } = repository.catalogue
  const { hostname, base, paths } = wanted
  const isSound = (snapshot: SnapshotSummary): boolean => !isLate(snapshot)
  const chosen =
    snapshots.latest({ hostname, base, paths }, isSound) ??
    snapshots.latest({ hostname, base }, isSound)
  return chosen ? (snapshots.get(chosen.id) ?? null) : null
}
