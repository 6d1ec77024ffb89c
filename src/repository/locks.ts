import { randomBytes } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { RepositoryError } from '../foundation/errors.ts'
import type { Storage } from '../storage/storage.ts'

export type LockKind = 'shared' | 'exclusive'

export interface LockOptions {
  /** What is done only reads: where the storage cannot be written to, it is done without a lock. */
  readonly mayOnlyRead?: boolean
}

interface LockRecord {
  readonly version: 1
  readonly kind: LockKind
  readonly hostname: string
  readonly pid: number
  /** Process ids mean the same only within one of these; missing where the system does not tell. */
  readonly pidNamespace?: string
  readonly startedAtMs: number
  readonly refreshedAtMs: number
  readonly operation: string
}

/** A lock not refreshed for this long has lost its holder (docs/FORMAT.md, section 13). */
const staleAfterMs = 30 * 60_000
const refreshEveryMs = 5 * 60_000
const lockBytesMax = 65_536

/** Locks that this process holds at this moment. */
const ownNames = new Set<string>()

/** A lock that is held; it refreshes itself until it is released. */
export class RepositoryLock {
  readonly #storage: Storage
  readonly #timer: NodeJS.Timeout | undefined
  #record: LockRecord
  /** Null when the storage can only be read and nothing was written. */
  #name: string | null
  #refreshing: Promise<void> = Promise.resolve()
  #lost: unknown

  constructor(storage: Storage, name: string | null, record: LockRecord) {
    this.#storage = storage
    this.#name = name
    this.#record = record
    if (name === null) return
    this.#timer = setInterval(() => {
      this.#refreshing = this.#refresh().catch((error: unknown) => {
        this.#lost ??= error
      })
    }, refreshEveryMs)
    this.#timer.unref()
  }

  /** False for the lock of a reader on a storage that cannot be written to. */
  get isStored(): boolean {
    return this.#name !== null
  }

  /**
   * Checks that the lock still protects what is being done; call it before anything is committed.
   *
   * @throws {RepositoryError} `REPOSITORY_LOCKED` when it could not be refreshed in time or somebody removed it: there may have been a
   * prune meanwhile
   */
  async assertHeld(nowMs: number = Date.now()): Promise<void> {
    await this.#refreshing
    this.#assertFresh(nowMs)
    if (this.#name === null) return
    try {
      await this.#storage.size(this.#name)
    } catch (error) {
      if (!(error instanceof RepositoryError) || error.code !== 'OBJECT_MISSING') throw error
      throw lostError('somebody removed the lock of this run', error)
    }
  }

  async release(): Promise<void> {
    clearInterval(this.#timer)
    await this.#refreshing
    if (this.#name === null) return
    await this.#storage.delete(this.#name)
    ownNames.delete(this.#name)
  }

  #assertFresh(nowMs: number): void {
    const ageMs = nowMs - this.#record.refreshedAtMs
    if (this.#lost === undefined && ageMs < staleAfterMs) return
    const minutes = Math.round(ageMs / 60_000)
    throw lostError(`the lock of this run was not refreshed for ${minutes} minutes`, this.#lost)
  }

  /** A process that was stopped for longer than a lock lives must not revive it: its protection had ended. */
  async #refresh(): Promise<void> {
    const old = this.#name
    if (old === null) return
    this.#assertFresh(Date.now())
    const record = { ...this.#record, refreshedAtMs: Date.now() }
    const name = newLockName()
    ownNames.add(name)
    await this.#storage.put(name, encode(record))
    this.#name = name
    this.#record = record
    await this.#storage.delete(old)
    ownNames.delete(old)
  }
}

/**
 * Takes a lock: writes it, looks at all others, withdraws when an incompatible one stands. Locks of dead processes of this host
 * and stale ones are removed.
 *
 * @throws {RepositoryError} `REPOSITORY_LOCKED` naming who holds it
 */
export async function acquireLock(
  storage: Storage,
  kind: LockKind,
  operation: string,
  options: LockOptions = {},
): Promise<RepositoryLock> {
  const nowMs = Date.now()
  const record: LockRecord = {
    version: 1,
    kind,
    hostname: hostname(),
    pid: process.pid,
    ...(ownPidNamespace !== undefined && { pidNamespace: ownPidNamespace }),
    startedAtMs: nowMs,
    refreshedAtMs: nowMs,
    operation,
  }
  const name = newLockName()
  ownNames.add(name)
  try {
    await storage.put(name, encode(record))
  } catch (error) {
    ownNames.delete(name)
    if (options.mayOnlyRead !== true || !isReadOnlyFault(error)) throw error
    await refuseWhenHeld(storage, kind, name)
    return new RepositoryLock(storage, null, record)
  }
  try {
    await refuseWhenHeld(storage, kind, name)
  } catch (error) {
    await storage.delete(name)
    ownNames.delete(name)
    throw error
  }
  return new RepositoryLock(storage, name, record)
}

async function refuseWhenHeld(storage: Storage, kind: LockKind, own: string): Promise<void> {
  for (const name of await storage.listNames('locks')) {
    if (name === own) continue
    const other = await readLock(storage, name)
    if (other === 'gone') continue
    if (other !== 'unreadable' && isDead(name, other)) {
      await removeDead(storage, name)
      continue
    }
    if (other !== 'unreadable' && kind === 'shared' && other.kind === 'shared') continue
    throw lockedError(storage.location, name, other)
  }
}

async function removeDead(storage: Storage, name: string): Promise<void> {
  try {
    await storage.delete(name)
  } catch (error) {
    // On a storage that can only be read it stays, and keeps nobody from reading.
    if (!isReadOnlyFault(error)) throw error
  }
}

async function readLock(
  storage: Storage,
  name: string,
): Promise<LockRecord | 'gone' | 'unreadable'> {
  let bytes: Buffer
  try {
    bytes = await storage.get(name, lockBytesMax)
  } catch (error) {
    if (!(error instanceof RepositoryError)) throw error
    if (error.code === 'OBJECT_MISSING') return 'gone'
    if (error.code === 'OBJECT_DAMAGED') return 'unreadable'
    throw error
  }
  try {
    const record = JSON.parse(bytes.toString()) as LockRecord
    const isLock =
      (record.kind === 'shared' || record.kind === 'exclusive') &&
      Number.isFinite(record.refreshedAtMs) &&
      Number.isInteger(record.pid) &&
      typeof record.hostname === 'string' &&
      typeof record.operation === 'string'
    return isLock ? record : 'unreadable'
  } catch {
    return 'unreadable'
  }
}

function isDead(name: string, lock: LockRecord): boolean {
  if (Date.now() - lock.refreshedAtMs > staleAfterMs) return true
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
  return !ownNames.has(name) && lock.refreshedAtMs < performance.timeOrigin
}

const ownPidNamespace = readPidNamespace()

function readPidNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return undefined
  }
}

function isReadOnlyFault(error: unknown): boolean {
  if (!(error instanceof RepositoryError) || error.code !== 'STORAGE_FAILED') return false
  const { errno } = error.facts
  return errno === 'EROFS' || errno === 'EACCES' || errno === 'EPERM'
}

function lostError(state: string, cause: unknown): RepositoryError {
  return new RepositoryError('REPOSITORY_LOCKED', `Cannot commit: ${state}`, {
    remedy: 'Run the command again; what was stored is used again',
    cause,
  })
}

function lockedError(location: string, name: string, other: LockRecord | 'unreadable'): Error {
  if (other === 'unreadable') {
    return new RepositoryError(
      'REPOSITORY_LOCKED',
      `Cannot lock repository "${location}": its lock "${name}" cannot be read`,
      { remedy: `Make sure that no other holdfast runs on it, then delete that file` },
    )
  }
  const minutes = Math.max(0, Math.round((Date.now() - other.refreshedAtMs) / 60_000))
  return new RepositoryError(
    'REPOSITORY_LOCKED',
    `Cannot lock repository "${location}": ${other.operation} by process ${other.pid} on ${other.hostname} holds it (refreshed ${minutes} min ago)`,
    {
      remedy:
        'Wait until it is done; a lock whose process died is removed by itself, at the latest 30 minutes after its last refresh',
      facts: { pid: other.pid, hostname: other.hostname, operation: other.operation, lock: name },
    },
  )
}

function newLockName(): string {
  return `locks/${randomBytes(16).toString('hex')}`
}

function encode(record: LockRecord): Buffer {
  return Buffer.from(JSON.stringify(record))
}
