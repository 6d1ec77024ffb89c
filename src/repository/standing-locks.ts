import { hostname } from 'node:os'
import { RepositoryError } from '../foundation/errors.ts'
import type { Storage } from '../storage/storage.ts'
import { ownPidNamespace, readLock, type LockKind, type LockRecord } from './lock-record.ts'

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
  readonly ownLeaseId: string | null
  /** What the one who looks has or wants. */
  readonly kind: LockKind
  /** The storage's clock at this moment. */
  readonly storageNowMs: number
  /** Makes it durable that a stale lease is over, before its lock is removed. */
  readonly revoke: Revoke
}

/** Locks that this process holds at this moment. */
export const ownLockNames: Set<string> = new Set<string>()

/** Unreadable locks live as long as one that promises nothing else. */
export const staleAfterMsDefault: number = 30 * 60_000

/** A lock object that was read. */
interface SeenLock extends StandingLock {
  /** It was not refreshed for longer than it promises. */
  readonly isStale: boolean
  /** Its process has ended. */
  readonly isDead: boolean
}

/**
 * Lists the locks of others, and removes those whose holders are dead or have not refreshed them for longer than they promise.
 *
 * What is old is told by the storage's clock alone: with the clock of one client a day ahead, every lock would look stale to it. A lease may have
 * several objects, where a refresh could not delete the one before; it is as young as the youngest.
 *
 * Whoever sees a lock removed, or finds it gone when it is to be read, must not be fooled by a holder that refreshed at that very moment (it
 * writes its new lock before it removes the old one): so the locks are listed again for new names, until each that was listed could be read. And a
 * listing need not be of one moment, so a name that is put while another goes may be missed by one listing; two in a row see it.
 *
 * @param firstNames a listing that was begun after the own lock was durable
 * @returns One for each lease; one that was released meanwhile may be among them.
 */
export async function listStandingLocks(
  listing: LockListing,
  firstNames: Promise<string[]> = listing.storage.listNames('locks'),
): Promise<StandingLock[]> {
  let listed: Promise<string[]> | undefined = firstNames
  const seen = new Set<string>()
  const byLease = new Map<string, SeenLock[]>()
  if (listing.own !== null) seen.add(listing.own)
  for (;;) {
    const names = new Set(await (listed ?? listing.storage.listNames('locks')))
    listed = undefined
    for (const name of await listing.storage.listNames('locks')) names.add(name)
    let hasChanged = false
    for (const name of names) {
      if (seen.has(name)) continue
      seen.add(name)
      const lock = await look(listing, name)
      if (lock === 'gone') {
        hasChanged = true
        continue
      }
      const lease = lock.record === 'unreadable' ? name : lock.record.leaseId
      if (lease === listing.ownLeaseId) continue
      byLease.set(lease, [...(byLease.get(lease) ?? []), lock])
    }
    for (const [lease, locks] of byLease) {
      if (!isOver(locks)) continue
      await removeAll(listing, locks)
      byLease.delete(lease)
      hasChanged = true
    }
    if (!hasChanged) return [...byLease.values()].map(youngest)
  }
}

function isOver(locks: readonly SeenLock[]): boolean {
  return locks.some(({ isDead }) => isDead) || locks.every(({ isStale }) => isStale)
}

function youngest(locks: readonly SeenLock[]): StandingLock {
  const { name, record, ageMs } = locks.reduce((one, other) =>
    other.ageMs < one.ageMs ? other : one,
  )
  return { name, record, ageMs }
}

async function look(listing: LockListing, name: string): Promise<SeenLock | 'gone'> {
  const { storage } = listing
  const record = await readLock(storage, name)
  if (record === 'gone') return 'gone'
  const modifiedAtMs = await modificationOf(storage, name)
  if (modifiedAtMs === 'gone') return 'gone'
  // What is no object at all has no age: only a person can tell what it is.
  const ageMs = modifiedAtMs === 'unreadable' ? 0 : listing.storageNowMs - modifiedAtMs
  const isStale = ageMs > (record === 'unreadable' ? staleAfterMsDefault : record.staleAfterMs)
  const isDead = record !== 'unreadable' && isOfDeadProcess(name, record)
  return { name, record, ageMs, isStale, isDead }
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
 * Removes the locks of a lease that is over. Where objects can be read, and perhaps added, but not deleted, they stay until somebody comes who
 * may, and keep nobody from reading and adding.
 */
async function removeAll(
  { storage, kind, storageNowMs, revoke }: LockListing,
  locks: readonly SeenLock[],
): Promise<void> {
  const [{ record }] = locks
  try {
    const isStale = locks.every((lock) => lock.isStale)
    if (isStale && record !== 'unreadable') await revoke(record, storageNowMs)
    for (const { name } of locks) await storage.delete(name)
  } catch (error) {
    // Who takes something away itself must be able to end a dead lock.
    if (kind !== 'shared' || !isReadOnlyFault(error)) throw error
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
