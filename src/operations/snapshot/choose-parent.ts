import type { Repository } from '../../repository/repository.ts'
import type { PathText, Snapshot } from '../../model/snapshot.ts'

/**
 * The snapshot that unchanged files are taken from: the newest of the same host and base with the same paths, else the newest of the same
 * host and base, whose tree may hold part of them.
 */
export function chooseParent(
  repository: Repository,
  wanted: { hostname: string; base: PathText; paths: readonly PathText[] },
): Snapshot | null {
  const { snapshots } = repository.catalogue
  const { hostname, base, paths } = wanted
  const chosen = snapshots.latest({ hostname, base, paths }) ?? snapshots.latest({ hostname, base })
  return chosen ? (snapshots.get(chosen.id) ?? null) : null
}
