import type { ObjectId, SnapshotId } from '../../model/ids.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { listedOnly } from '../../repository/listed-only.ts'
import { isLoss, isMissing } from '../../repository/loss.ts'
import type { RepositoryLock } from '../../repository/locks.ts'
import { modificationTimeMs } from '../../repository/modification-time.ts'
import { moveToForgotten } from '../../repository/move-to-forgotten.ts'
import { readAhead } from '../../repository/read-ahead.ts'
import { readSnapshot } from '../../repository/read-snapshot.ts'
import type { Repository } from '../../repository/repository.ts'
import { listSnapshotObjects } from '../../repository/snapshot-objects.ts'
import type { LiveBlobs } from './live-blobs.ts'

/** Between the look at the clock that a revocation records, and the record. */
const recordToleranceMs = 5 * 60_000

export interface MarkOptions {
  readonly lock: RepositoryLock
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
}

/**
 * Marks what snapshots need, read from the objects themselves: the catalogue has no checksums, and one wrong row would cost a live blob.
 *
 * Snapshots have to be whole, with two exceptions. Forgotten ones keep what is left of them. And one whose lease was revoked (its writer was stopped
 * for longer than its lock lived) may have been put just before the writer was to look at its lock again; when anything of it is missing, that writer
 * died before it did, the snapshot was never acknowledged, and it is moved to the forgotten ones.
 *
 * A snapshot that vanishes meanwhile was withdrawn by its writer before it was acknowledged: the writer lost its lease, or chose another backup id.
 *
 * @returns those that are there
 * @throws {RepositoryError} when anything that a snapshot needs cannot be found or read
 */
export async function markSnapshots(
  repository: Repository,
  live: LiveBlobs,
  ids: { readonly snapshots: ReadonlySet<SnapshotId>; readonly forgotten: ReadonlySet<SnapshotId> },
  options: MarkOptions,
): Promise<Set<SnapshotId>> {
  const revoked = revokedLeases(repository)
  const uncertain: Snapshot[] = []
  const there = new Set([...ids.snapshots, ...ids.forgotten])
  const { storage } = repository
  const readStanding = (id: SnapshotId): Promise<Snapshot | undefined> =>
    readUnlessWithdrawn(repository, id)
  await readAhead(storage, [...ids.snapshots], readStanding, async (id, read) => {
    options.signal?.throwIfAborted()
    const snapshot = await read
    if (!snapshot) there.delete(id)
    else if (snapshot.leaseId !== null && revoked.has(snapshot.leaseId)) uncertain.push(snapshot)
    else live.mark(snapshot)
  })
  for (const snapshot of uncertain) {
    if (live.markRest(snapshot)) continue
    // Who may add records must not make a snapshot go away that was there before: it has to be whole like any other.
    if (!(await cameAfterRecord(repository, snapshot, revoked))) live.mark(snapshot)
    if (options.dryRun) continue
    await moveToForgotten(repository, [snapshot.id], options.lock)
  }
  const left = [...ids.forgotten].filter((id) => !ids.snapshots.has(id))
  const readLeft = (id: SnapshotId): Promise<Snapshot | undefined> => readWhatIsLeft(repository, id)
  await readAhead(storage, left, readLeft, async (_id, read) => {
    options.signal?.throwIfAborted()
    const snapshot = await read
    if (snapshot) live.markRest(snapshot)
  })
  return there
}

/** Only what is in neither folder when they are listed again is gone: one that is being moved might be missed by reading. */
async function readUnlessWithdrawn(
  repository: Repository,
  id: SnapshotId,
): Promise<Snapshot | undefined> {
  try {
    return await readSnapshot(repository, id)
  } catch (error) {
    if (!isMissing(error)) throw error
    const { snapshots, forgotten } = await listSnapshotObjects(repository.storage)
    if (snapshots.has(id) || forgotten.has(id)) {
      throw listedOnly(repository, `snapshots/${id}`, error)
    }
    return undefined
  }
}

/** The records of each lease that was revoked. */
function revokedLeases({ catalogue }: Repository): Map<string, ObjectId[]> {
  const revoked = new Map<string, ObjectId[]>()
  for (const { id, record } of catalogue.journal.list({ kind: 'revocation' })) {
    const { leaseId } = record
    if (typeof leaseId === 'string') revoked.set(leaseId, [...(revoked.get(leaseId) ?? []), id])
  }
  return revoked
}

/** By the clock of the storage: what a record says of times can be made up. A little before is after, for the record comes before the lock goes. */
async function cameAfterRecord(
  { storage }: Repository,
  { id, leaseId }: Snapshot,
  revoked: ReadonlyMap<string, readonly ObjectId[]>,
): Promise<boolean> {
  const cameMs = (await modificationTimeMs(storage, `snapshots/${id}`)) ?? Infinity
  for (const record of revoked.get(leaseId ?? '') ?? []) {
    const recordedMs = await modificationTimeMs(storage, `journal/${record}`)
    if (recordedMs !== undefined && cameMs > recordedMs - recordToleranceMs) return true
  }
  return false
}

/** A forgotten snapshot that cannot be read keeps nobody from pruning. */
async function readWhatIsLeft(
  repository: Repository,
  id: SnapshotId,
): Promise<Snapshot | undefined> {
  try {
    return await readSnapshot(repository, id)
  } catch (error) {
    if (!isLoss(error)) throw error
    return undefined
  }
}
