import type { SnapshotSummary } from '../catalogue/snapshot-row.ts'
import type { BackupType } from '../model/snapshot.ts'
import type { Repository } from './repository.ts'

export interface SnapshotFilters {
  readonly type?: BackupType
  /** Any of these sets; of a set, all tags. */
  readonly tags?: readonly (readonly string[])[]
  /** Any of these. */
  readonly hosts?: readonly string[]
}

/** Snapshots that pass all filters, oldest first. */
export function listSnapshots(
  repository: Repository,
  filters: SnapshotFilters = {},
): SnapshotSummary[] {
  const { type, tags = [], hosts = [] } = filters
  return repository.catalogue.snapshots
    .list(type ? { types: [type] } : {})
    .filter(({ hostname }) => hosts.length === 0 || hosts.includes(hostname))
    .filter(
      (snapshot) =>
        tags.length === 0 || tags.some((set) => set.every((tag) => snapshot.tags.includes(tag))),
    )
}
