import { toObjectId, type SnapshotId } from '../../model/ids.ts'
import { idOfName } from '../../repository/compare-names.ts'
import { deleteObjects } from '../../repository/delete-objects.ts'
import type { RepositoryLock } from '../../repository/locks.ts'
import type { Repository } from '../../repository/repository.ts'
import { modificationTimeMs } from '../../repository/modification-time.ts'
import { readAhead } from '../../repository/read-ahead.ts'
import { listSnapshotObjects, type SnapshotObjects } from '../../repository/snapshot-objects.ts'
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
  /** All that there is, before anything becomes of it. */
  readonly objects: SnapshotObjects
}

/**
 * How long the forgotten object of a snapshot that stands is kept, whatever the grace is. Whoever was about to remove the snapshot may have been
 * stopped in that moment, and does it when it goes on: then the forgotten object is all that is left. It takes a few kilobytes.
 */
const standingKeptMs = 30 * 24 * 60 * 60_000

interface StorageTimes {
  readonly forgottenAtMs: number | undefined
  /** Of the snapshot, when it stands. */
  readonly standsSinceMs: number | undefined
}

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
  const { isRemote } = storage.capabilities
  const gone: SnapshotId[] = []
  const standing: SnapshotId[] = []
  const deletedLate: SnapshotId[] = []
  const backTimes = undeletionTimes(repository)
  const objects = await listSnapshotObjects(storage)
  const { snapshots, forgotten } = objects
  const timesOf = async (name: string): Promise<StorageTimes> => {
    const id = toObjectId(idOfName(name))
    const [forgottenAtMs, standsSinceMs] = await Promise.all([
      modificationTimeMs(storage, name),
      // A store's listing may leave one out, and then it would not be one that was brought back.
      snapshots.has(id) || isRemote ? modificationTimeMs(storage, `snapshots/${id}`) : undefined,
    ])
    return { forgottenAtMs, standsSinceMs }
  }
  const names = [...forgotten].map((id) => `forgotten/${id}`)
  await readAhead(storage, names, timesOf, async (name, times) => {
    const id = toObjectId(idOfName(name))
    const { forgottenAtMs, standsSinceMs } = await times
    if (forgottenAtMs === undefined) return
    const isOlderThan = (spanMs: number, sinceMs: number): boolean =>
      lock.storageNowMs() - sinceMs >= spanMs
    const stands = snapshots.has(id) || standsSinceMs !== undefined
    if (!stands) {
      if ((backTimes.get(id) ?? -Infinity) > forgottenAtMs) deletedLate.push(id)
      else if (graceMs <= 0 || isOlderThan(graceMs, forgottenAtMs)) gone.push(id)
      return
    }
    const backAtMs = standsSinceMs ?? Infinity
    if (isOlderThan(standingKeptMs, Math.max(forgottenAtMs, backAtMs))) standing.push(id)
  })
  return { gone, standing, deletedLate, objects }
}

/** What there is once `undoLateDeletions` and `dropExpired` have dealt with what was found. */
export function objectsLeft({
  objects,
  gone,
  standing,
  deletedLate,
}: ExpiredSnapshots): SnapshotObjects {
  const dropped = new Set([...gone, ...standing])
  return {
    snapshots: new Set([...objects.snapshots, ...deletedLate]),
    forgotten: new Set([...objects.forgotten].filter((id) => !dropped.has(id))),
  }
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
  await deleteObjects(
    storage,
    [...gone, ...standing].map((id) => `forgotten/${id}`),
  )
  await storage.sync('forgotten')
}

async function recordDeletions(repository: Repository, gone: readonly SnapshotId[]): Promise<void> {
  const recorded = new Set(
    repository.catalogue.journal
      .list({ kind: 'deletion' })
      .map(({ record }) => record['snapshotId']),
  )
  const unrecorded = gone.filter((id) => !recorded.has(id))
  await readAhead(
    repository.storage,
    unrecorded,
    (id) => writeJournal(repository, { kind: 'deletion', snapshotId: id }),
    (_id, written) => written,
  )
}
