import type { Snapshot } from '../../model/snapshot.ts'
import { acquireLock } from '../../repository/locks.ts'
import type { Repository } from '../../repository/repository.ts'
import { writeJournal } from '../../repository/write-journal.ts'

/**
 * Makes snapshots go away; their data stays until a prune. Running backups are not disturbed: what they share with the snapshot
 * is in packs, which only a prune removes.
 *
 * @throws {RepositoryError} when the storage fails; snapshots deleted so far are gone
 */
export async function deleteSnapshots(
  repository: Repository,
  snapshots: readonly Snapshot[],
): Promise<void> {
  const lock = await acquireLock(repository.storage, 'shared', 'delete')
  try {
    for (const snapshot of snapshots) {
      await repository.storage.delete(`snapshots/${snapshot.id}`)
    }
    await repository.storage.sync('snapshots')
    for (const snapshot of snapshots) {
      repository.catalogue.snapshots.remove(snapshot.id)
      await writeJournal(repository, {
        kind: 'deletion',
        snapshotId: snapshot.id,
        backupId: snapshot.backupId,
        type: snapshot.type,
        startedAtMs: snapshot.startedAtMs,
      })
    }
  } finally {
    await lock.release()
  }
}
