import { catchUp, catchUpIndex, type UnusableObject } from './catch-up.ts'
import { readCondemnedPacks, type CondemnedPacks } from './condemned-packs.ts'
import { acquireLock, type LockKind, type LockOptions, type RepositoryLock } from './locks.ts'
import { beginIndexListing, beginListings } from './object-listings.ts'
import type { Repository } from './repository.ts'
import { writeJournal } from './write-journal.ts'

/** What a run holds while it works. */
export interface Lease {
  readonly lock: RepositoryLock
  /** What a prune is about to delete, and this run keeps away from. */
  readonly condemned: CondemnedPacks
  /** With `listsPacks`: names of the packs, begun to be listed when the index objects were. Once, for there may be millions. */
  readonly takePackNames?: () => Promise<string[]> | undefined
}

export interface LeaseOptions extends Pick<LockOptions, 'mayOnlyRead'> {
  /**
   * Which snapshots there are was known before, and does not matter any more: for who reads one of them, and has to know where a prune has put
   * what it needs. Saves listings, each of which costs a request far away.
   */
  readonly needsOnlyIndex?: boolean
  /** For who stores: whether a pack was left behind or lost. */
  readonly listsPacks?: boolean
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
  { needsOnlyIndex = false, listsPacks = false, ...options }: LeaseOptions = {},
): Promise<Lease> {
  const { storage } = repository
  const looks: Look[] = []
  const lock = await acquireLock(storage, kind, operation, {
    ...options,
    ...lockOptionsOf(repository),
    onWritten: () => {
      looks.push(beginLook(repository, { needsOnlyIndex, listsPacks }))
    },
  })
  try {
    // Each try to get the lock looks anew; the last one's lock stands.
    const look = looks[looks.length - 1]
    const condemned = await look.condemned
    // Where something is condemned, index objects come and go: they are listed once everybody can see that this run knows.
    const asBegun = isQuiet(condemned)
    if (condemned.standing.length > 0 && lock.isStored && kind === 'shared') {
      await lock.noteKnown(condemned.standing.map(({ id }) => id))
    }
    repository.noteUnusable(await look.catchUp(asBegun))
    let packNames = asBegun ? look.packNames : undefined
    looks.length = 0
    const takePackNames = (): Promise<string[]> | undefined => {
      const names = packNames
      packNames = undefined
      return names
    }
    return { lock, condemned, takePackNames }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** What a run looks at once its lock is durable; asked for together, for each answer of a storage that is far away takes a while. */
interface Look {
  readonly condemned: Promise<CondemnedPacks>
  readonly packNames: Promise<string[]> | undefined
  /** @param asBegun whether what was listed meanwhile may be taken */
  catchUp(asBegun: boolean): Promise<UnusableObject[]>
}

/**
 * Index objects are listed after the condemned ones: a sweep removes the index objects before its condemned object, so that either this run sees what
 * it takes away, or the index objects that it leaves.
 */
function beginLook(
  repository: Repository,
  { needsOnlyIndex, listsPacks }: { needsOnlyIndex: boolean; listsPacks: boolean },
): Look {
  const { storage } = repository
  const condemned = readCondemnedPacks(repository)
  const packNames = listsPacks
    ? condemned.then((found) => (isQuiet(found) ? storage.listNames('packs') : []))
    : undefined
  // Whoever awaits them hears of it.
  for (const asked of [condemned, packNames]) asked?.catch(() => undefined)
  if (needsOnlyIndex) {
    const listings = { index: beginIndexListing(storage, condemned) }
    return {
      condemned,
      packNames,
      catchUp: (asBegun) => catchUpIndex(repository, asBegun ? listings : undefined),
    }
  }
  const listings = beginListings(storage, condemned)
  return {
    condemned,
    packNames,
    catchUp: (asBegun) => catchUp(repository, asBegun ? listings : undefined),
  }
}

function isQuiet({ standing, unreadable }: CondemnedPacks): boolean {
  return standing.length + unreadable.length === 0
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
