import type { SnapshotId } from '../model/ids.ts'
import { deleteObjects } from './delete-objects.ts'
import { isMissing } from './loss.ts'
import type { RepositoryLock } from './locks.ts'
import { readAhead } from './read-ahead.ts'
import { readSealedSnapshot } from './read-sealed-snapshot.ts'
import type { Repository } from './repository.ts'

/** Moved together in a storage that is far away; the objects are a few kilobytes. */
const movedTogether = 64

/**
 * Moves snapshot objects to `forgotten/`: there under the same bytes before they are gone here, so that no moment is without one. A
 * damaged object moves as it is. One that is forgotten already is left alone.
 *
 * @param lock of a kind that keeps others from moving snapshots
 */
export async function moveToForgotten(
  repository: Repository,
  ids: readonly SnapshotId[],
  lock: RepositoryLock,
): Promise<void> {
  const together = repository.storage.capabilities.isRemote ? movedTogether : 1
  for (let first = 0; first < ids.length; first += together) {
    await moveSome(repository, ids.slice(first, first + together), lock)
  }
}

async function moveSome(
  repository: Repository,
  ids: readonly SnapshotId[],
  lock: RepositoryLock,
): Promise<void> {
  const { storage, catalogue } = repository
  const found: { readonly id: SnapshotId; readonly bytes: Buffer }[] = []
  await readAhead(
    storage,
    ids,
    (id) => read(repository, id),
    async (id, reading) => {
      const bytes = await reading
      if (bytes !== undefined) found.push({ id, bytes })
    },
  )
  if (found.length === 0) return
  // One object more among the forgotten does no harm, when the lease turns out to be over.
  await lock.assertHeldLately()
  // The grace counts from the last time that it was forgotten. Never deleted first: it may be all that is left of the snapshot by now.
  await readAhead(
    storage,
    found,
    ({ id, bytes }) => storage.replace(`forgotten/${id}`, bytes),
    (_found, replaced) => replaced,
  )
  await lock.assertHeld()
  await deleteObjects(
    storage,
    found.map(({ id }) => `snapshots/${id}`),
  )
  await storage.sync('snapshots')
  for (const { id } of found) catalogue.snapshots.remove(id)
}

async function read(repository: Repository, id: SnapshotId): Promise<Buffer | undefined> {
  try {
    return await readSealedSnapshot(repository, 'snapshots', id)
  } catch (error) {
    if (!isMissing(error)) throw error
    return undefined
  }
}
