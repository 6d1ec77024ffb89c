import type { Grouping } from '../../model/retention-policy.ts'
import type { PathText } from '../../model/snapshot.ts'
import { wayOf, type RetentionSnapshot } from './retention-snapshot.ts'

/** What the snapshots of a group have in common; undefined where that was not asked for. */
export interface SnapshotGroup<S extends RetentionSnapshot = RetentionSnapshot> {
  readonly hostname: string | undefined
  /** In ascending order. */
  readonly paths: readonly PathText[] | undefined
  /** In ascending order. */
  readonly tags: readonly string[] | undefined
  /** Of the repository that they are copies of; undefined for those that were made here. */
  readonly copiedFrom: string | undefined
  readonly snapshots: readonly S[]
}

/**
 * Divides snapshots into groups of equal host, paths and tags, as asked for; without any of the three all are one group. Copies of another
 * repository are never in a group with others: their times are that repository's word.
 *
 * The order of paths and of tags does not matter.
 * @returns in the order of the first snapshot of each
 */
export function groupSnapshots<S extends RetentionSnapshot>(
  snapshots: readonly S[],
  by: ReadonlySet<Grouping>,
): SnapshotGroup<S>[] {
  const groups = new Map<string, SnapshotGroup<S> & { readonly snapshots: S[] }>()
  for (const snapshot of snapshots) {
    const shared = {
      hostname: by.has('host') ? snapshot.hostname : undefined,
      paths: by.has('paths') ? sortedPaths(snapshot.paths) : undefined,
      tags: by.has('tags') ? snapshot.tags.toSorted() : undefined,
    }
    const way = wayOf(snapshot)
    const key = JSON.stringify([shared.hostname, shared.paths, shared.tags, way])
    const copiedFrom = way === '' ? undefined : way
    const group = groups.get(key) ?? { ...shared, copiedFrom, snapshots: [] }
    group.snapshots.push(snapshot)
    groups.set(key, group)
  }
  return [...groups.values()]
}

function sortedPaths(paths: readonly PathText[]): PathText[] {
  return paths
    .map((path) => JSON.stringify(path))
    .toSorted()
    .map((text) => JSON.parse(text) as PathText)
}
