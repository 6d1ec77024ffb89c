import { CatalogueError } from '../catalogue/errors.ts'
import { encodeSnapshotManifest } from '../format/manifest/snapshot-manifest.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { RepositoryLock } from './locks.ts'
import type { Repository } from './repository.ts'

/**
 * Makes a snapshot exist: its object is the commit point, and the snapshot is durable when the promise resolves. Every pack that it needs
 * must be named by a durable index object before.
 *
 * @throws {RepositoryError} when the lock was lost or the storage fails; then there is no snapshot
 */
export async function commitSnapshot(
  repository: Repository,
  manifest: Omit<Snapshot, 'id' | 'backupId'>,
  lock: RepositoryLock,
): Promise<Snapshot> {
  const complete = { ...manifest, backupId: freeBackupId(repository, manifest.startedAtMs) }
  const { id, bytes } = repository.seal('snapshot', encodeSnapshotManifest(complete))
  await lock.assertHeld()
  await repository.storage.put(`snapshots/${id}`, bytes)
  const saved: Snapshot = { ...complete, id }
  try {
    repository.catalogue.snapshots.add(saved)
  } catch (error) {
    // The snapshot is durable already; a catalogue that is busy or broken catches up when it is opened next.
    if (!(error instanceof CatalogueError)) throw error
  }
  return saved
}

/** Clients of the documented system know backups by the second in which they began; two in one second take the next one. */
function freeBackupId(repository: Repository, startedAtMs: number): string {
  let seconds = Math.floor(startedAtMs / 1000)
  while (repository.catalogue.snapshots.findByBackupId(`backup_${seconds}`).length > 0) seconds += 1
  return `backup_${seconds}`
}
