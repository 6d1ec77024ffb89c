import { catchUp } from './catch-up.ts'
import { acquireLock, type LockKind, type LockOptions, type RepositoryLock } from './locks.ts'
import type { Repository } from './repository.ts'

/**
 * Takes a lock and then looks again at what there is. Between opening and locking another process may have pruned: blobs that the
 * catalogue still lists would be taken for stored, and a snapshot would miss them.
 *
 * @throws {RepositoryError} `REPOSITORY_LOCKED`, or what `catchUp` throws
 */
export async function lockRepository(
  repository: Repository,
  kind: LockKind,
  operation: string,
  options: LockOptions = {},
): Promise<RepositoryLock> {
  const lock = await acquireLock(repository.storage, kind, operation, options)
  try {
    repository.noteUnusable(await catchUp(repository))
    return lock
  } catch (error) {
    await lock.release()
    throw error
  }
}
