import { catchUp, catchUpIndex } from './catch-up.ts'
import { readCondemnedPacks, type CondemnedPacks } from './condemned-packs.ts'
import { acquireLock, type LockKind, type LockOptions, type RepositoryLock } from './locks.ts'
import type { Repository } from './repository.ts'
import { writeJournal } from './write-journal.ts'

/** What a run holds while it works. */
export interface Lease {
  readonly lock: RepositoryLock
  /** What a prune is about to delete, and this run keeps away from. */
  readonly condemned: CondemnedPacks
}

export interface LeaseOptions extends Pick<LockOptions, 'mayOnlyRead'> {
  /**
   * Which snapshots there are was known before, and does not matter any more: for who reads one of them, and has to know where a prune has put
   * what it needs. Saves listings, each of which costs a request far away.
   */
  readonly needsOnlyIndex?: boolean
}

/**
 * Takes a lock, learns what is condemned, and then looks again at what there is.
 *
 * The order makes backups and prunes safe beside each other (docs/decisions/0007). The lock is durable before the condemned objects are listed,
 * and a prune lists the locks after its condemned object is durable; so either this run sees what is condemned, and says so in its lock, or the
 * prune sees a lock that does not say so, and deletes nothing until it is gone. The catalogue catches up last: what a finished prune
 * removed must not be taken for stored.
 *
 * @throws {RepositoryError} `REPOSITORY_LOCKED`, or what `catchUp` throws
 */
export async function lockRepository(
  repository: Repository,
  kind: LockKind,
  operation: string,
  { needsOnlyIndex = false, ...options }: LeaseOptions = {},
): Promise<Lease> {
  const lock = await acquireLock(repository.storage, kind, operation, {
    ...options,
    ...lockOptionsOf(repository),
  })
  try {
    const condemned = await readCondemnedPacks(repository)
    if (condemned.standing.length > 0 && lock.isStored && kind === 'shared') {
      await lock.noteKnown(condemned.standing.map(({ id }) => id))
    }
    repository.noteUnusable(await (needsOnlyIndex ? catchUpIndex : catchUp)(repository))
    return { lock, condemned }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** What every lock of a repository is taken with: its clock, and that breaking a lease leaves a record. */
export function lockOptionsOf(
  repository: Repository,
): Pick<LockOptions, 'clock' | 'retryForMs' | 'onWait' | 'revoke'> {
  return {
    clock: repository.clock,
    retryForMs: repository.retryLockMs,
    onWait: repository.onLockWait,
    revoke: async ({ leaseId, hostname, pid, operation }, storageAtMs) => {
      // Who may not delete the lock finds it again in each run.
      const known = repository.catalogue.journal.list({ kind: 'revocation' })
      if (known.some(({ record }) => record['leaseId'] === leaseId)) return
      const fields = { leaseId, hostname, pid, operation, storageAtMs: Math.floor(storageAtMs) }
      await writeJournal(repository, { kind: 'revocation', ...fields })
    },
  }
}
