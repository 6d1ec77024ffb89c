import type { Snapshot } from '../model/snapshot.ts'
import type { Repository } from '../repository/repository.ts'
import type { Library } from './library.ts'

/** Finds all named snapshots before anything is done with one of them; one that is named twice is taken once. */
export async function resolveSnapshots(
  library: Library,
  repository: Repository,
  names: readonly string[],
): Promise<readonly Snapshot[]> {
  const found = new Map<string, Snapshot>()
  for (const name of names) {
    const snapshot = await library.resolveSnapshot(repository, name)
    found.set(snapshot.id, snapshot)
  }
  return [...found.values()]
}
