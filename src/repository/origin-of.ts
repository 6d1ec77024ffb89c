import type { Snapshot, SnapshotOrigin } from '../model/snapshot.ts'
import type { Repository } from './repository.ts'

type Original = Partial<Pick<Snapshot, 'original'>> | { readonly original: SnapshotOrigin | null }

/** Where a snapshot of the repository was first made: here, unless it is a copy. */
export function originOf(
  { repositoryId }: Pick<Repository, 'repositoryId'>,
  snapshot: Original & Pick<Snapshot, 'id'>,
): SnapshotOrigin {
  return snapshot.original ?? { repositoryId, snapshotId: snapshot.id }
}

/** Equal for snapshots that are copies of each other, in whichever repositories they are. */
export function originKey({ repositoryId, snapshotId }: SnapshotOrigin): string {
  return `${repositoryId}/${snapshotId}`
}
