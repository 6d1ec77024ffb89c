import { hostname } from 'node:os'
import { RepositoryError } from '../foundation/errors.ts'
import type { Storage } from '../storage/storage.ts'
import { ownPidNamespace, readLock, type LockRecord } from './lock-record.ts'

/** @param storageAtMs the storage's clock when the lease was found to be over */
export type Revoke = (record: LockRecord, storageAtMs: number) => Promise<void>

/** A lock of somebody else that still protects its holder. */
export interface StandingLock {
  readonly name: string
  readonly record: LockRecord | 'unreadable'
  /** Since its last refresh, by the clock of the storage. */
  readonly ageMs: number
}

export interface LockListing {
  readonly storage: Storage
  /** Name of the lock of the one who looks, if it has one. */
  readonly own: string | null
  /** The storage's clock at this moment. */
  readonly storageNowMs: number
  /** Makes it durable that a stale lease is over, before its lock is removed. */
  readonly revoke: Revoke
}

/** Locks that this process holds at this moment. */
export const ownLockNames: Set<string> = new Set<string>()

/** Unreadable locks live as long as one that promises nothing else. */
export const staleAfterMsDefault: number = 30 * 60_000

/**
 * Lists the locks of others, and removes those whose holders are dead or have not refreshed them for longer than they promise.
 *
 * What is old is told by the storage's clock alone: with the clock of one client a day ahead, every lock would look stale to it.
 *
 * Whoever sees a lock removed, or finds it gone when it is to be read, must not be fooled by a holder that refreshed at that very moment (it
 * writes its new lock before it removes the old one): so the locks are listed again for new names, until each that was listed could be read. And a
 * listing need not be of one moment, so a name that is put while another goes may be missed by one listing; two in a row see it.
 *
 * @returns One for each lease; one that was released meanwhile may be among them.
 */
export async function listStandingLocks(listing: LockListing): Promise<StandingLock[]> {
  const seen = new Set<string>()
  const standing = new Map<string, StandingLock>()
  if (listing.own !== null) seen.add(listing.own)
  for (;;) {
    const names = new Set(await listing.storage.listNames('locks'))
    for (const name of await listing.storage.listNames('locks')) names.add(name)
    let vanished = 0
    for (const name of names) {
      if (seen.has(name)) continue
      seen.add(name)
      const lock = await inspect(listing, name)
      if (lock === 'removed' || lock === 'gone') vanished += 1
      else standing.set(lock.record === 'unreadable' ? name : lock.record.leaseId, lock)
    }
    if (vanished === 0) return [...standing.values()]
  }
}

async function inspect(
  listing: LockListing,
  name: string,
): Promise<StandingLock | 'gone' | 'removed'> {
  const { storage } = listing
  const record = await readLock(storage, name)
  if (record === 'gone') return 'gone'
  const modifiedAtMs = await modificationOf(storage, name)
  if (modifiedAtMs === 'gone') return 'gone'
  // What is no object at all has no age: only a person can tell what it is.
  const ageMs = modifiedAtMs === 'unreadable' ? 0 : listing.storageNowMs - modifiedAtMs
  const isStale = ageMs > (record === 'unreadable' ? staleAfterMsDefault : record.staleAfterMs)
  if (!isStale && (record === 'unreadable' || !isOfDeadProcess(name, record))) {
    return { name, record, ageMs }
  }
  return (await remove(listing, name, isStale ? record : undefined)) ? 'removed' : 'gone'
}

async function modificationOf(
  storage: Storage,
  name: string,
): Promise<number | 'gone' | 'unreadable'> {
  try {
    return (await storage.stat(name)).modifiedAtMs
  } catch (error) {
    if (!(error instanceof RepositoryError)) throw error
    if (error.code === 'OBJECT_MISSING') return 'gone'
    if (error.code === 'OBJECT_DAMAGED') return 'unreadable'
    throw error
  }
}

/**
 * @param stale the lock whose lease is over and has to be revoked before
 * @returns False where the storage can only be read: there a dead lock stays, and keeps nobody from reading.
 */
async function remove(
  { storage, own, storageNowMs, revoke }: LockListing,
  name: string,
  stale: LockRecord | 'unreadable' | undefined,
): Promise<boolean> {
  try {
    if (stale !== undefined && stale !== 'unreadable') await revoke(stale, storageNowMs)
    await storage.delete(name)
    return true
  } catch (error) {
    // Who could write a lock of its own must be able to end another's.
    if (own !== null || !isReadOnlyFault(error)) throw error
    return false
  }
}

function isOfDeadProcess(name: string, lock: LockRecord): boolean {
  if (lock.hostname !== hostname()) return false
  // Containers may share a host name and see only their own processes.
  if ((lock.pidNamespace ?? ownPidNamespace) !== ownPidNamespace) return false
  if (lock.pid === process.pid) return isOfEarlierProcess(name, lock)
  try {
    process.kill(lock.pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** In a container that is started again the process ids come again, too. */
function isOfEarlierProcess(name: string, lock: LockRecord): boolean {
  return !ownLockNames.has(name) && lock.startedAtMs < performance.timeOrigin
}

/** Nothing can be written, and everything can be read: no permission, a read-only file system, a full disk. */
export function isReadOnlyFault(error: unknown): boolean {
  if (!(error instanceof RepositoryError)) return false
  if (error.code === 'STORAGE_FULL') return true
  if (error.code !== 'STORAGE_FAILED') return false
  const { errno } = error.facts
  return errno === 'EROFS' || errno === 'EACCES' || errno === 'EPERM'
}
