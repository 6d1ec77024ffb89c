import type { Actor } from '../../model/actor.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { SnapshotId } from '../../model/ids.ts'
import { lockRepository } from '../../repository/lock-repository.ts'
import type { RepositoryLock } from '../../repository/locks.ts'
import { moveToForgotten } from '../../repository/move-to-forgotten.ts'
import { readAhead } from '../../repository/read-ahead.ts'
import type { Repository } from '../../repository/repository.ts'
import { writeJournal } from '../../repository/write-journal.ts'

/** What has to be known of a snapshot in order to forget it. */
export type ForgettableSnapshot = Pick<Snapshot, 'backupId' | 'type' | 'startedAtMs'> &
  Partial<Pick<Snapshot, 'statistics' | 'description' | 'hostname'>> & {
    readonly id: SnapshotId
  }

/**
 * Takes snapshots out of the list. Their data stays, and they can be brought back, until a prune finds that their grace is over. Running backups
 * are not disturbed: what they share with a forgotten snapshot is in packs, which only a prune removes.
 *
 * @throws {RepositoryError} `REPOSITORY_LOCKED` while a prune runs; or the storage fails. Snapshots forgotten so far stay so
 */
export async function forgetSnapshots(
  repository: Repository,
  snapshots: readonly ForgettableSnapshot[],
  actor?: Actor,
): Promise<void> {
  const { lock } = await lockRepository(repository, 'maintenance', 'forget')
  try {
    await forgetUnderLock(repository, snapshots, lock, actor)
  } finally {
    await lock.release()
  }
}

/** @param lock of kind `maintenance` */
export async function forgetUnderLock(
  repository: Repository,
  snapshots: readonly ForgettableSnapshot[],
  lock: RepositoryLock,
  actor?: Actor,
): Promise<void> {
  const ids = snapshots.map(({ id }) => id)
  await moveToForgotten(repository, ids, lock)
  const write = (snapshot: ForgettableSnapshot): Promise<void> =>
    recordDeletion(repository, snapshot, actor)
  await readAhead(repository.storage, snapshots, write, (_snapshot, written) => written)
}

async function recordDeletion(
  repository: Repository,
  { id, backupId, type, startedAtMs, ...more }: ForgettableSnapshot,
  actor: Actor | undefined,
): Promise<void> {
  const { statistics, description, hostname } = more
  await writeJournal(repository, {
    kind: 'deletion',
    snapshotId: id,
    backupId,
    type,
    startedAtMs,
    ...(statistics && { statistics: { ...statistics } }),
    ...(description !== undefined && { description }),
    ...(hostname !== undefined && { hostname }),
    ...(actor && { actor: { ...actor } }),
  })
}
