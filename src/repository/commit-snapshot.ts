import { randomInt } from 'node:crypto'
import {
  decodeSnapshotManifest,
  encodeSnapshotManifest,
} from '../format/manifest/snapshot-manifest.ts'
import { RepositoryError } from '../foundation/errors.ts'
import { toObjectId, type SnapshotId } from '../model/ids.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { ObjectStatus } from '../storage/storage.ts'
import { catchUp } from './catch-up.ts'
import { idOfName } from './compare-names.ts'
import { freeBackupSecond } from './free-backup-second.ts'
import type { RepositoryLock } from './locks.ts'
import type { Repository } from './repository.ts'
import { withdrawSnapshot } from './withdraw-snapshot.ts'

/** What a run knows before its snapshot is stored. */
export type UncommittedSnapshot = Omit<Snapshot, 'id' | 'backupId' | 'recordedAtMs' | 'leaseId'>

/**
 * A repaired snapshot keeps the time that was recorded for the one that it stands for, and an imported one the id that it is known by. The id is the
 * first that is free from that one on.
 */
export type RecordedSnapshot = UncommittedSnapshot &
  Partial<Pick<Snapshot, 'recordedAtMs' | 'backupId'>>

/** Tries until a backup id is this run's alone; each further try needs another run that commits at the same moment. */
const triesMax = 50

/**
 * Makes a snapshot exist: its object is the commit point, and the snapshot is durable when the promise resolves. Every pack that it needs
 * must be named by a durable index object before.
 *
 * Backup ids are unique without any help from the storage: after the object is there, all others are listed, and whoever then sees another
 * snapshot with the same id commits again under a later one. Of two objects that come at the same time at least the second is listed
 * by a run that sees the first.
 *
 * @throws {RepositoryError} when the lock was lost or the storage fails; then there is no snapshot
 */
export async function commitSnapshot(
  repository: Repository,
  manifest: RecordedSnapshot,
  lock: RepositoryLock,
): Promise<Snapshot> {
  // It may refer to blobs of another run, which has given its index object a name and was cut off before it made that durable.
  await repository.storage.sync('index')
  let seconds = freeBackupSecond(repository, wantedSecond(manifest))
  let committed = await put(repository, { ...manifest, backupId: `backup_${seconds}` }, lock)
  try {
    for (let tries = 1; tries < triesMax && (await hasTwin(repository, committed)); tries++) {
      seconds = freeBackupSecond(repository, seconds + 1 + randomInt(tries + 1))
      const first = committed.saved
      committed = await put(repository, { ...manifest, backupId: `backup_${seconds}` }, lock)
      await repository.storage.delete(`snapshots/${first.id}`)
      await repository.storage.sync('snapshots')
      repository.catalogue.snapshots.remove(first.id)
    }
  } catch (error) {
    // The snapshot is durable, and its lease held: whatever fails from here on, it exists. The catalogue catches up when it is opened next.
    if (!(error instanceof RepositoryError)) throw error
  }
  return committed.saved
}

interface Committed {
  readonly saved: Snapshot
  /** When the storage took it, by its clock. */
  readonly status: Promise<ObjectStatus>
  /** Begun after it was there. */
  readonly names: Promise<string[]>
}

async function put(
  repository: Repository,
  manifest: RecordedSnapshot & { readonly backupId: string },
  lock: RepositoryLock,
): Promise<Committed> {
  await lock.assertHeldLately()
  const plaintext = encodeSnapshotManifest({
    ...manifest,
    recordedAtMs:
      manifest.recordedAtMs === undefined
        ? Math.max(0, Math.round(lock.storageNowMs()))
        : manifest.recordedAtMs,
    leaseId: lock.leaseId,
  })
  const { id, bytes } = repository.seal('snapshot', plaintext)
  const { storage } = repository
  await storage.put(`snapshots/${id}`, bytes)
  const status = storage.stat(`snapshots/${id}`)
  const names = storage.listNames('snapshots')
  // Whoever awaits them hears of it.
  for (const asked of [status, names]) asked.catch(() => undefined)
  await assertCommitted(repository, id, lock)
  // As a reader gets it: a catalogue that is built anew from the objects must be the same.
  return { saved: { ...decodeSnapshotManifest(plaintext), id }, status, names }
}

/**
 * Between the check of the lease and the end of the put the process may have been stopped for hours, and a prune may have deleted what the
 * snapshot needs. A prune lists the snapshots after it has removed a stale lock: a lock that is there now was there when the snapshot was, too.
 */
async function assertCommitted(
  repository: Repository,
  id: SnapshotId,
  lock: RepositoryLock,
): Promise<void> {
  try {
    await lock.assertHeld()
  } catch (error) {
    // Also when it cannot be told whether the lease holds.
    await withdrawSnapshot(repository, id)
    throw error
  }
}

/** The catalogue has caught up under the lease: only when there is a snapshot that it does not know is there anything to learn. */
async function hasTwin(
  repository: Repository,
  { saved, status, names }: Committed,
): Promise<boolean> {
  const { snapshots } = repository.catalogue
  const known = repository.catalogue.objectIds('snapshots')
  snapshots.add(saved, (await status).modifiedAtMs)
  const hasOthers = (await names).some((name) => {
    const id = toObjectId(idOfName(name))
    return id !== saved.id && !known.has(id)
  })
  if (hasOthers) await catchUp(repository)
  return repository.catalogue.snapshots
    .findByBackupId(saved.backupId)
    .some(({ id }) => id !== saved.id)
}

function wantedSecond({ backupId, startedAtMs }: RecordedSnapshot): number {
  return backupId === undefined
    ? Math.floor(startedAtMs / 1000)
    : Number(backupId.slice('backup_'.length))
}
