import type { SnapshotId } from '../../model/ids.ts'
import type { RepositoryLock } from '../../repository/locks.ts'
import type { Repository } from '../../repository/repository.ts'
import { modificationTimeMs } from '../../repository/modification-time.ts'
import { listSnapshotObjects } from '../../repository/snapshot-objects.ts'
import { writeJournal } from '../../repository/write-journal.ts'
import { undeletionTimes } from './undo-late-deletions.ts'

/** What becomes of objects in `forgotten/`; of others nothing. */
export interface ExpiredSnapshots {
  /** Their data goes for good. */
  readonly gone: readonly SnapshotId[]
  /** They were brought back long ago, or forgetting them was cut off: only what is in `forgotten/` goes. */
  readonly standing: readonly SnapshotId[]
  /** Brought back since they were forgotten, and not there: they were deleted late. */
  readonly deletedLate: readonly SnapshotId[]
}

/**
 * How long the forgotten object of a snapshot that stands is kept, whatever the grace is. Whoever was about to remove the snapshot may have been
 * stopped in that moment, and does it when it goes on: then the forgotten object is all that is left. It takes a few kilobytes.
 */
const standingKeptMs = 30 * 24 * 60 * 60_000

/**
 * Finds forgotten snapshots whose grace is over, by the storage's clock at both ends.
 *
 * @param graceMs 0 finds all that do not stand
 */
export async function findExpired(
  repository: Repository,
  graceMs: number,
  lock: RepositoryLock,
): Promise<ExpiredSnapshots> {
  const { storage } = repository
  const gone: SnapshotId[] = []
  const standing: SnapshotId[] = []
  const deletedLate: SnapshotId[] = []
  const backTimes = undeletionTimes(repository)
  const { snapshots, forgotten } = await listSnapshotObjects(storage)
  for (const id of forgotten) {
    const forgottenAtMs = await modificationTimeMs(storage, `forgotten/${id}`)
    if (forgottenAtMs === undefined) continue
    const isOlderThan = (spanMs: number, sinceMs: number): boolean =>
      lock.storageNowMs() - sinceMs >= spanMs
    if (!snapshots.has(id)) {
      if ((backTimes.get(id) ?? -Infinity) > forgottenAtMs) deletedLate.push(id)
      else if (graceMs <= 0 || isOlderThan(graceMs, forgottenAtMs)) gone.push(id)
      continue
    }
    const backAtMs = (await modificationTimeMs(storage, `snapshots/${id}`)) ?? Infinity
    if (isOlderThan(standingKeptMs, Math.max(forgottenAtMs, backAtMs))) standing.push(id)
  }
  return { gone, standing, deletedLate }
}

/**
 * Before anything is marked: what an object of a snapshot is gone for cannot be brought back while its data goes. A run that was killed
 * while it forgot has left no record of it; without one, who knew the snapshot would take it for stolen. Nor need it have made durable that
 * the snapshot is gone, nor a prune that was killed here that a forgotten object is: a power cut would bring that back when the data it needs
 * is gone.
 */
export async function dropExpired(
  repository: Repository,
  { gone, standing }: ExpiredSnapshots,
  lock: RepositoryLock,
): Promise<void> {
  const { storage } = repository
  await storage.sync('snapshots')
  if (gone.length > 0) await recordDeletions(repository, gone)
  if (gone.length + standing.length > 0) await lock.assertHeld()
  for (const id of [...gone, ...standing]) await storage.delete(`forgotten/${id}`)
  await storage.sync('forgotten')
}

async function recordDeletions(repository: Repository, gone: readonly SnapshotId[]): Promise<void> {
  const recorded = new Set(
    repository.catalogue.journal
      .list({ kind: 'deletion' })
      .map(({ record }) => record['snapshotId']),
  )
  for (const id of gone) {
    if (!recorded.has(id)) await writeJournal(repository, { kind: 'deletion', snapshotId: id })
  }
}
