import { HoldfastError } from '../../foundation/errors.ts'
import type { SnapshotId } from '../../model/ids.ts'
import { catchUp } from '../../repository/catch-up.ts'
import { lockRepository } from '../../repository/lock-repository.ts'
import { isMissing } from '../../repository/loss.ts'
import { isThere } from '../../repository/modification-time.ts'
import type { RepositoryLock } from '../../repository/locks.ts'
import { readSealedSnapshot } from '../../repository/read-sealed-snapshot.ts'
import type { Repository } from '../../repository/repository.ts'
import { withdrawSnapshot } from '../../repository/withdraw-snapshot.ts'
import { writeJournal } from '../../repository/write-journal.ts'

/**
 * Brings forgotten snapshots back. No prune may run meanwhile: it might find at this very moment that the grace of one is over.
 *
 * What is in `forgotten/` stays for a month (`operations/prune/drop-expired.ts`). Whoever forgot the snapshot may have been stopped on the brink of
 * removing it, lost its lease, and go on tomorrow. By the record a prune knows that nobody has forgotten the snapshot anew since.
 *
 * @throws {HoldfastError} `SNAPSHOT_NOT_FOUND` when a prune has removed one; those before it are back
 * @throws {RepositoryError} `REPOSITORY_LOCKED` while a prune runs
 */
export async function undeleteSnapshots(
  repository: Repository,
  ids: readonly SnapshotId[],
): Promise<void> {
  const { lock } = await lockRepository(repository, 'maintenance', 'undelete')
  try {
    for (const id of ids) {
      const bytes = await readForgotten(repository, id)
      await lock.assertHeld()
      const storageAtMs = Math.floor(lock.storageNowMs())
      await repository.storage.put(`snapshots/${id}`, bytes)
      await assertBack(repository, id, lock)
      await writeJournal(repository, { kind: 'undeletion', snapshotId: id, storageAtMs })
    }
    repository.noteUnusable(await catchUp(repository))
  } finally {
    await lock.release()
  }
}

/** A run that was stopped for too long may have brought back what a prune has dropped: what it needs is gone, and so it goes again. */
async function assertBack(
  repository: Repository,
  id: SnapshotId,
  lock: RepositoryLock,
): Promise<void> {
  try {
    await lock.assertHeld()
  } catch (error) {
    // Where it cannot be told, the snapshot stays.
    const isLeft = await isThere(repository.storage, `forgotten/${id}`).catch(() => true)
    if (!isLeft) await withdrawSnapshot(repository, id)
    throw error
  }
}

async function readForgotten(repository: Repository, id: SnapshotId): Promise<Buffer> {
  try {
    return await readSealedSnapshot(repository, 'forgotten', id)
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new HoldfastError(
      'SNAPSHOT_NOT_FOUND',
      `Cannot bring back snapshot "${id.slice(0, 8)}": a prune has removed it`,
      { remedy: 'See what can be brought back with `holdfast list --forgotten`', cause: error },
    )
  }
}
