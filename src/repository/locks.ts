import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock, type Clock } from '../foundation/clock.ts'
import { RepositoryError } from '../foundation/errors.ts'
import type { ObjectId } from '../model/ids.ts'
import type { Storage } from '../storage/storage.ts'
import {
  encodeLockRecord,
  newLockName,
  newLockRecord,
  type LockKind,
  type LockRecord,
} from './lock-record.ts'
import { isMissing } from './loss.ts'
import { isThere, modificationTimeMs } from './modification-time.ts'
import type { OnLockWait } from './on-lock-wait.ts'
import {
  isReadOnlyFault,
  listStandingLocks,
  ownLockNames,
  staleAfterMsDefault,
  type Revoke,
  type StandingLock,
} from './standing-locks.ts'

export type { LockKind, LockRecord } from './lock-record.ts'

export interface LockOptions {
  /** What is done only reads: where the storage cannot be written to, it is done without a lock. */
  readonly mayOnlyRead?: boolean
  readonly clock?: Clock
  /** How long to wait for others before giving up; default: not at all. */
  readonly retryForMs?: number
  /** Told who is waited for before each pause, and `undefined` when the wait is over. */
  readonly onWait?: OnLockWait | undefined
  /** How long the lock lives without a refresh; default 30 minutes, or `HOLDFAST_LEASE_SECONDS`. */
  readonly staleAfterMs?: number
  /** Makes it durable that a stale lease is over, before its lock is removed. */
  readonly revoke?: Revoke
  /**
   * Called each time the lock object is durable, before it is known whether others stand in its way: what may only be looked at from then on can be
   * asked for meanwhile.
   */
  readonly onWritten?: () => void
}

/** What was seen so recently counts as seen; see `assertHeldLately`. */
const seenLatelyMs = 60_000

/** Refreshes that may fail in a row before the lock is stale. */
const refreshesPerLife = 6

/** A lock that is held, the lease of this run; it refreshes itself until it is released. */
export class RepositoryLock {
  /** Locks of others that stood when this one had been written. */
  readonly othersAtStart: readonly StandingLock[]
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #revoke: Revoke
  readonly #stopRefreshing: () => void
  #record: LockRecord
  /** Null when the storage can only be read and nothing was written. */
  #name: string | null
  /** Before the lock was written last: it is at least as old for others. */
  #refreshedAt: Moment
  /** After it was written last: the storage's clock was at {@link #storageAtMs} by then, or beyond. */
  #writtenAt: Moment
  /** The storage's clock at the last refresh. */
  #storageAtMs: number
  /** When the lock was known to be there last. */
  #seenAt: Moment
  #refreshing: Promise<void> = Promise.resolve()
  #lost: unknown

  constructor(fields: {
    readonly storage: Storage
    readonly clock: Clock
    readonly revoke: Revoke
    readonly name: string | null
    readonly record: LockRecord
    readonly refreshedAt: Moment
    readonly writtenAt: Moment
    readonly storageAtMs: number
    readonly others: readonly StandingLock[]
  }) {
    this.othersAtStart = fields.others
    this.#storage = fields.storage
    this.#clock = fields.clock
    this.#revoke = fields.revoke
    this.#name = fields.name
    this.#record = fields.record
    this.#refreshedAt = fields.refreshedAt
    this.#writtenAt = fields.writtenAt
    this.#storageAtMs = fields.storageAtMs
    this.#seenAt = fields.refreshedAt
    const everyMs = fields.record.staleAfterMs / refreshesPerLife
    this.#stopRefreshing =
      fields.name === null ? () => undefined : fields.clock.repeat(everyMs, () => this.refresh())
  }

  /** False for the lock of a reader on a storage that cannot be written to. */
  get isStored(): boolean {
    return this.#name !== null
  }

  get leaseId(): string {
    return this.#record.leaseId
  }

  /** How far this machine's clock is ahead of the storage's, as far as the last refresh tells; negative when it is behind. */
  get clockAheadMs(): number {
    return this.#writtenAt.wallMs - this.#storageAtMs
  }

  /** By the storage's clock: when the lock was written last. What anybody writes from then on is at least as young. */
  get writtenAtMs(): number {
    return this.#storageAtMs
  }

  /**
   * The storage's clock now, as far as it can be told without asking: never later than it is. A wall clock that is set forward while the lock is held
   * must end no grace and break no lease; what a machine has slept is told by the next refresh. Counted from when the lock was known to be
   * written: a run that is stopped before it writes is not ahead by as much.
   */
  storageNowMs(): number {
    const { wallMs, monotonicMs } = this.#spans(this.#writtenAt)
    return this.#storageAtMs + Math.max(Math.min(wallMs, monotonicMs), 0)
  }

  /** Locks of others that still protect their holders; dead ones are removed. */
  async others(): Promise<StandingLock[]> {
    return await listStandingLocks({
      storage: this.#storage,
      own: this.#name,
      ownLeaseId: this.leaseId,
      kind: this.#record.kind,
      storageNowMs: this.storageNowMs(),
      revoke: this.#revoke,
    })
  }

  /** Tells everybody that this run keeps away from what these condemned objects name. */
  async noteKnown(knows: readonly ObjectId[]): Promise<void> {
    this.#record = { ...this.#record, knows }
    await this.refresh()
    await this.assertHeld()
  }

  /**
   * Checks that the lock still protects what is being done; call it before anything is committed, and after.
   *
   * @throws {RepositoryError} `REPOSITORY_LOCKED` when it could not be refreshed in time or somebody removed it: there may have been a
   * prune meanwhile
   */
  async assertHeld(): Promise<void> {
    await this.#refreshing
    this.#assertFresh()
    if (this.#name === null) return
    const askedAt = momentOf(this.#clock)
    if (!(await isThere(this.#storage, this.#name))) {
      throw lostError(removedState, undefined)
    }
    // The answer may have taken longer than the lock lives.
    this.#assertFresh()
    this.#seenAt = askedAt
  }

  /**
   * As `assertHeld`, and asks nobody when the lock was seen a moment ago. For what is undone, or does no harm, when the lock turns out to have been
   * gone: before a snapshot is stored, after which it is asked for in any case.
   */
  async assertHeldLately(): Promise<void> {
    await this.#refreshing
    this.#assertFresh()
    const { wallMs, monotonicMs } = this.#spans(this.#seenAt)
    // A clock that was set back tells nothing.
    if (wallMs < 0 || Math.max(wallMs, monotonicMs) > this.#lateMs) await this.assertHeld()
  }

  /**
   * Call it before loss is told or recorded. When the lease was over meanwhile, a prune may have taken away what is missed, and nothing is
   * lost but the time: a reader that slept must not put damage on record.
   *
   * @param cause What was missed.
   * @throws {RepositoryError} `REPOSITORY_LOCKED`
   */
  async assertLossIsReal(cause?: unknown): Promise<void> {
    // A reader that could not write its lock is not protected, and knows no more.
    if (this.#name === null) return
    await this.#refreshing
    const ageMs = this.#elapsedMs()
    if (ageMs >= this.#record.staleAfterMs) throw lostError(staleState(ageMs), cause)
    // A storage that cannot even tell is a reason of its own, which is known already.
    const isHeld = await isThere(this.#storage, this.#name).catch(() => true)
    if (!isHeld) throw lostError(removedState, cause)
  }

  /**
   * Never rejects: what was done under the lock is done, and whatever went wrong before is what the caller has to hear of. A lock that
   * cannot be removed is taken for dead once its process is, or is stale.
   */
  async release(): Promise<void> {
    this.#stopRefreshing()
    await this.#refreshing
    if (this.#name !== null) await withdraw(this.#storage, this.#name)
  }

  /** Never rejects: what went wrong is told by `assertHeld`. */
  refresh(): Promise<void> {
    this.#refreshing = this.#refreshing
      .then(() => this.#refresh())
      .catch((error: unknown) => {
        this.#lost ??= error
      })
    return this.#refreshing
  }

  /** A lease that lives for a short time only is asked for sooner. */
  get #lateMs(): number {
    return Math.min(seenLatelyMs, this.#record.staleAfterMs / refreshesPerLife)
  }

  /** Time may stand still on one clock while the machine sleeps, and be set back on the other: the larger span counts. */
  #elapsedMs(): number {
    const { wallMs, monotonicMs } = this.#spans(this.#refreshedAt)
    return Math.max(wallMs, monotonicMs, 0)
  }

  #spans(since: Moment): Moment {
    const { wallMs, monotonicMs } = momentOf(this.#clock)
    return { wallMs: wallMs - since.wallMs, monotonicMs: monotonicMs - since.monotonicMs }
  }

  #assertFresh(): void {
    const ageMs = this.#elapsedMs()
    if (ageMs >= this.#record.staleAfterMs) throw lostError(staleState(ageMs), this.#lost)
    if (this.#lost === undefined) return
    // A storage that failed is what a person has to know of, and not what that did to the lock.
    throw isMissing(this.#lost) ? lostError(removedState, this.#lost) : this.#lost
  }

  /**
   * A process that was stopped for longer than a lock lives must not revive it: its protection had ended. The old lock has to be there still
   * once the new one stands; if it is not, somebody has removed it and may not have seen the new one.
   */
  async #refresh(): Promise<void> {
    const old = this.#name
    if (old === null || this.#lost !== undefined) return
    this.#assertFresh()
    const name = newLockName()
    const refreshedAt = momentOf(this.#clock)
    ownLockNames.add(name)
    await this.#storage.put(name, encodeLockRecord(this.#record))
    const { modifiedAtMs } = await this.#storage.stat(name)
    const writtenAt = momentOf(this.#clock)
    if (!(await isThere(this.#storage, old))) {
      await this.#storage.delete(name)
      ownLockNames.delete(name)
      throw lostError(removedState, undefined)
    }
    this.#name = name
    this.#refreshedAt = refreshedAt
    this.#seenAt = refreshedAt
    this.#writtenAt = writtenAt
    this.#storageAtMs = modifiedAtMs
    try {
      await this.#storage.delete(old)
      ownLockNames.delete(old)
    } catch (error) {
      // Where objects can only be added, it stays until it is stale. For others it is one lock with the new one: both name the lease.
      if (!isReadOnlyFault(error)) throw error
    }
  }
}

/** By both clocks; or a span by both. */
interface Moment {
  readonly wallMs: number
  readonly monotonicMs: number
}

/** Between half of it and one and a half: two that met while both were trying must not meet for ever. */
const retryEveryMs = 1000

/**
 * Takes a lock, and tries again for as long as `retryForMs` says while others hold it.
 *
 * @throws {RepositoryError} `REPOSITORY_LOCKED` naming who holds it
 */
export async function acquireLock(
  storage: Storage,
  kind: LockKind,
  operation: string,
  options: LockOptions = {},
): Promise<RepositoryLock> {
  const { monotonicMs } = options.clock ?? systemClock
  const giveUpAtMs = monotonicMs() + (options.retryForMs ?? 0)
  let hasWaited = false
  for (;;) {
    try {
      const lock = await tryLock(storage, kind, operation, options)
      if (hasWaited) options.onWait?.(undefined)
      return lock
    } catch (error) {
      const isHeld = error instanceof RepositoryError && error.code === 'REPOSITORY_LOCKED'
      if (!isHeld || monotonicMs() >= giveUpAtMs) throw error
      hasWaited = true
      options.onWait?.(error)
      const pauseMs = retryEveryMs * (0.5 + Math.random())
      await sleep(Math.min(pauseMs, giveUpAtMs - monotonicMs()))
    }
  }
}

/**
 * Takes a lock: writes it, looks at all others, withdraws when an incompatible one stands. Locks of dead processes of this host
 * and stale ones are removed.
 *
 * @throws {RepositoryError} `REPOSITORY_LOCKED` naming who holds it
 */
async function tryLock(
  storage: Storage,
  kind: LockKind,
  operation: string,
  options: LockOptions,
): Promise<RepositoryLock> {
  const clock = options.clock ?? systemClock
  const revoke = options.revoke ?? (async () => undefined)
  const staleAfterMs = options.staleAfterMs ?? chosenStaleAfterMs()
  const refreshedAt = momentOf(clock)
  const record = newLockRecord({ kind, operation, startedAtMs: refreshedAt.wallMs, staleAfterMs })
  const name = newLockName()
  ownLockNames.add(name)
  try {
    await storage.put(name, encodeLockRecord(record))
  } catch (error) {
    ownLockNames.delete(name)
    if (options.mayOnlyRead !== true || !isReadOnlyFault(error)) throw error
    const writtenAt = momentOf(clock)
    const storageAtMs = writtenAt.wallMs
    options.onWritten?.()
    const listing = {
      storage,
      own: null,
      ownLeaseId: record.leaseId,
      kind,
      storageNowMs: storageAtMs,
      revoke,
    }
    const others = await listStandingLocks(listing)
    refuseConflict(storage, kind, others)
    const fields = { storage, clock, revoke, name: null, record, refreshedAt, writtenAt }
    return new RepositoryLock({ ...fields, storageAtMs, others })
  }
  try {
    options.onWritten?.()
    const firstNames = storage.listNames('locks')
    firstNames.catch(() => undefined)
    const modifiedAtMs = await modificationTimeMs(storage, name)
    const writtenAt = momentOf(clock)
    // This process was stopped in between for longer than a lock lives.
    if (modifiedAtMs === undefined) throw lostError(removedState, undefined)
    const listing = {
      storage,
      own: name,
      ownLeaseId: record.leaseId,
      kind,
      storageNowMs: modifiedAtMs,
      revoke,
    }
    const others = await listStandingLocks(listing, firstNames)
    refuseConflict(storage, kind, others)
    const fields = { storage, clock, revoke, name, record, refreshedAt, writtenAt }
    return new RepositoryLock({ ...fields, storageAtMs: modifiedAtMs, others })
  } catch (error) {
    await withdraw(storage, name)
    throw error
  }
}

async function withdraw(storage: Storage, name: string): Promise<void> {
  ownLockNames.delete(name)
  await storage.delete(name).catch((error: unknown) => {
    if (!(error instanceof RepositoryError)) throw error
  })
}

function refuseConflict(storage: Storage, kind: LockKind, others: readonly StandingLock[]): void {
  const conflicts = others.filter(
    ({ record }) => record === 'unreadable' || !areCompatible(kind, record.kind),
  )
  // Whoever began first is who is waited for; the others may only be trying, as this run is.
  const [first] = conflicts.toSorted((one, other) => beganAtMs(one) - beganAtMs(other))
  if (first) throw lockedError(storage.location, first)
}

function beganAtMs({ record }: StandingLock): number {
  return record === 'unreadable' ? Number.MAX_SAFE_INTEGER : record.startedAtMs
}

function areCompatible(one: LockKind, other: LockKind): boolean {
  if (one === 'exclusive' || other === 'exclusive') return false
  return one === 'shared' || other === 'shared'
}

function momentOf(clock: Clock): Moment {
  return { wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() }
}

function chosenStaleAfterMs(): number {
  const seconds = Number(process.env['HOLDFAST_LEASE_SECONDS'])
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : staleAfterMsDefault
}

const removedState = 'somebody removed the lock of this run'

function staleState(ageMs: number): string {
  return `the lock of this run was not refreshed for ${Math.round(ageMs / 60_000)} minutes`
}

function lostError(state: string, cause: unknown): RepositoryError {
  return new RepositoryError('REPOSITORY_LOCKED', `Cannot go on: ${state}`, {
    remedy: 'Run the command again; what was stored is used again',
    cause,
  })
}

function lockedError(location: string, { name, record, ageMs }: StandingLock): Error {
  if (record === 'unreadable') {
    return new RepositoryError(
      'REPOSITORY_LOCKED',
      `Cannot lock repository "${location}": its lock "${name}" cannot be read`,
      {
        remedy:
          'Make sure that no other holdfast runs on it, then delete that file; 30 minutes after it was written it is removed by itself',
      },
    )
  }
  const minutes = Math.max(0, Math.round(ageMs / 60_000))
  const { operation, pid, hostname, staleAfterMs } = record
  return new RepositoryError(
    'REPOSITORY_LOCKED',
    `Cannot lock repository "${location}": ${operation} by process ${pid} on ${hostname} holds it (refreshed ${minutes} min ago)`,
    {
      remedy: `Wait until it is done, or use --retry-lock; a lock whose process died is removed by itself, at the latest ${Math.ceil(staleAfterMs / 60_000)} minutes after its last refresh`,
      facts: { pid, hostname, operation, lock: name },
    },
  )
}
