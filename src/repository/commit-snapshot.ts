import { randomInt } from 'node:crypto'
import { CatalogueError } from '../catalogue/errors.ts'
import {
  decodeSnapshotManifest,
  encodeSnapshotManifest,
} from '../format/manifest/snapshot-manifest.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { catchUp } from './catch-up.ts'
import type { RepositoryLock } from './locks.ts'
import type { Repository } from './repository.ts'

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
  manifest: Omit<Snapshot, 'id' | 'backupId'>,
  lock: RepositoryLock,
): Promise<Snapshot> {
  let seconds = freeSecond(repository, Math.floor(manifest.startedAtMs / 1000))
  let saved = await put(repository, { ...manifest, backupId: `backup_${seconds}` }, lock)
  for (let tries = 1; tries < triesMax && (await hasTwin(repository, saved)); tries++) {
    seconds = freeSecond(repository, seconds + 1 + randomInt(tries + 1))
    const again = await put(repository, { ...manifest, backupId: `backup_${seconds}` }, lock)
    await repository.storage.delete(`snapshots/${saved.id}`)
    await repository.storage.sync('snapshots')
    repository.catalogue.snapshots.remove(saved.id)
    saved = again
  }
  return saved
}

async function put(
  repository: Repository,
  manifest: Omit<Snapshot, 'id'>,
  lock: RepositoryLock,
): Promise<Snapshot> {
  const plaintext = encodeSnapshotManifest(manifest)
  const { id, bytes } = repository.seal('snapshot', plaintext)
  await lock.assertHeld()
  await repository.storage.put(`snapshots/${id}`, bytes)
  // As a reader gets it: a catalogue that is built anew from the objects must be the same.
  return { ...decodeSnapshotManifest(plaintext), id }
}

async function hasTwin(repository: Repository, saved: Snapshot): Promise<boolean> {
  try {
    repository.catalogue.snapshots.add(saved)
    await catchUp(repository)
    return repository.catalogue.snapshots
      .findByBackupId(saved.backupId)
      .some(({ id }) => id !== saved.id)
  } catch (error) {
    // The snapshot is durable already; a catalogue that is busy or broken catches up when it is opened next.
    if (!(error instanceof CatalogueError)) throw error
    return false
  }
}

/** Clients of the documented system know backups by the second in which they began; two in one second take the next one. */
function freeSecond(repository: Repository, from: number): number {
  let seconds = from
  while (repository.catalogue.snapshots.findByBackupId(`backup_${seconds}`).length > 0) seconds += 1
  return seconds
}
