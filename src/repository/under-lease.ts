import { RepositoryError } from '../foundation/errors.ts'
import { lockRepository, type Lease, type LeaseOptions } from './lock-repository.ts'
import type { LockKind } from './locks.ts'
import type { Repository } from './repository.ts'

/**
 * Works under a lease, from `lockRepository` to the release of its lock. Work that fails after its lease was over, because the process was
 * stopped or the machine slept, is told as that: others may have taken away what it missed.
 *
 * @throws {RepositoryError} `REPOSITORY_LOCKED`, or what `work` throws
 */
export async function underLease<Result>(
  repository: Repository,
  kind: LockKind,
  operation: string,
  work: (lease: Lease) => Promise<Result>,
  options: LeaseOptions = {},
): Promise<Result> {
  const lease = await lockRepository(repository, kind, operation, options)
  try {
    return await work(lease)
  } catch (error) {
    if (error instanceof RepositoryError) await lease.lock.assertLossIsReal(error)
    throw error
  } finally {
    await lease.lock.release()
  }
}
