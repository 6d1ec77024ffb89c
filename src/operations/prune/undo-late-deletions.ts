import type { SnapshotId } from '../../model/ids.ts'
import type { RepositoryLock } from '../../repository/locks.ts'
import { readSealedSnapshot } from '../../repository/read-sealed-snapshot.ts'
import type { Repository } from '../../repository/repository.ts'

/** When each snapshot was brought back last, by the clock of the storage. */
export function undeletionTimes({ catalogue }: Repository): Map<string, number> {
  const times = new Map<string, number>()
  for (const { record } of catalogue.journal.list({ kind: 'undeletion' })) {
    const { snapshotId, storageAtMs } = record
    if (typeof snapshotId !== 'string' || typeof storageAtMs !== 'number') continue
    times.set(snapshotId, Math.max(storageAtMs, times.get(snapshotId) ?? -Infinity))
  }
  return times
}

/**
 * Brings back what was forgotten, brought back, and deleted after that by the run that had forgotten it: it had been stopped on the brink, and
 * nobody forgot the snapshot anew (docs/decisions/0007, point 9).
 */
export async function undoLateDeletions(
  repository: Repository,
  ids: readonly SnapshotId[],
  lock: RepositoryLock,
): Promise<void> {
  for (const id of ids) {
    const bytes = await readSealedSnapshot(repository, 'forgotten', id)
    await lock.assertHeld()
    await repository.storage.put(`snapshots/${id}`, bytes)
  }
}
