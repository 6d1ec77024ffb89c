import type { SnapshotId } from '../model/ids.ts'
import { isMissing } from './loss.ts'
import type { RepositoryLock } from './locks.ts'
import type { Repository } from './repository.ts'

/**
 * Moves a snapshot object to `forgotten/`: there under the same bytes before it is gone here, so that no moment is without it. A
 * damaged object moves as it is. One that is forgotten already is left alone.
 *
 * @param lock of a kind that keeps others from moving snapshots
 */
export async function moveToForgotten(
  repository: Repository,
  id: SnapshotId,
  lock: RepositoryLock,
): Promise<void> {
  const { storage, catalogue } = repository
  const bytes = await read(repository, id)
  if (bytes === undefined) return
  const name = `forgotten/${id}`
  await lock.assertHeld()
  // The grace counts from the last time that it was forgotten. Never deleted first: it may be all that is left of the snapshot by now.
  await storage.replace(name, bytes)
  await lock.assertHeld()
  await storage.delete(`snapshots/${id}`)
  await storage.sync('snapshots')
  catalogue.snapshots.remove(id)
}

async function read({ storage }: Repository, id: SnapshotId): Promise<Buffer | undefined> {
  try {
    return await storage.get(`snapshots/${id}`)
  } catch (error) {
    if (!isMissing(error)) throw error
    return undefined
  }
}
