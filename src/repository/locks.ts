import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { RepositoryError } from '../foundation/errors.ts'
import type { Storage } from '../storage/storage.ts'

export type LockKind = 'shared' | 'exclusive'

interface LockRecord {
  readonly version: 1
  readonly kind: LockKind
  readonly hostname: string
  readonly pid: number
  readonly startedAtMs: number
  readonly refreshedAtMs: number
  readonly operation: string
}

/** A lock not refreshed for this long has lost its holder (docs/FORMAT.md, section 13). */
const staleAfterMs = 30 * 60_000
const refreshEveryMs = 5 * 60_000

/** A lock that is held; it refreshes itself until it is released. */
export class RepositoryLock {
  readonly #storage: Storage
  readonly #timer: NodeJS.Timeout
  #record: LockRecord
  #name: string
  #refreshing: Promise<void> = Promise.resolve()
  #lost: unknown

  constructor(storage: Storage, name: string, record: LockRecord) {
    this.#storage = storage
    this.#name = name
    this.#record = record
    this.#timer = setInterval(() => {
      this.#refreshing = this.#refresh().catch((error: unknown) => {
        this.#lost ??= error
      })
    }, refreshEveryMs)
    this.#timer.unref()
  }

  /**
   * Checks that the lock still protects what is being done; call it before anything is committed.
   *
   * @throws {RepositoryError} `REPOSITORY_LOCKED` when it could not be refreshed in time: somebody may have pruned meanwhile
   */
  assertHeld(nowMs: number = Date.now()): void {
    const ageMs = nowMs - this.#record.refreshedAtMs
    if (this.#lost === undefined && ageMs < staleAfterMs) return
    throw new RepositoryError(
      'REPOSITORY_LOCKED',
      `Cannot commit: the lock of this run was not refreshed for ${Math.round(ageMs / 60_000)} minutes`,
      { remedy: 'Run the command again; what was stored is used again', cause: this.#lost },
    )
  }

  async release(): Promise<void> {
    clearInterval(this.#timer)
    await this.#refreshing
    await this.#storage.delete(this.#name)
  }

  /** A process that was stopped for longer than a lock lives must not revive it: its protection had ended. */
  async #refresh(): Promise<void> {
    this.assertHeld()
    const record = { ...this.#record, refreshedAtMs: Date.now() }
    const name = newLockName()
    await this.#storage.put(name, encode(record))
    await this.#storage.delete(this.#name)
    this.#name = name
    this.#record = record
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
): Promise<RepositoryLock> {
  const nowMs = Date.now()
  const record: LockRecord = {
    version: 1,
    kind,
    hostname: hostname(),
    pid: process.pid,
    startedAtMs: nowMs,
    refreshedAtMs: nowMs,
    operation,
  }
  const name = newLockName()
  await storage.put(name, encode(record))
  try {
    await refuseWhenHeld(storage, kind, name)
  } catch (error) {
    await storage.delete(name)
    throw error
  }
  return new RepositoryLock(storage, name, record)
}

async function refuseWhenHeld(storage: Storage, kind: LockKind, own: string): Promise<void> {
  for (const name of await storage.listNames('locks')) {
    if (name === own) continue
    const other = await readLock(storage, name)
    if (other === 'gone') continue
    if (other !== 'unreadable' && isDead(other)) {
      await storage.delete(name)
      continue
    }
    if (other !== 'unreadable' && kind === 'shared' && other.kind === 'shared') continue
    throw lockedError(storage.location, name, other)
  }
}

async function readLock(
  storage: Storage,
  name: string,
): Promise<LockRecord | 'gone' | 'unreadable'> {
  let bytes: Buffer
  try {
    bytes = await storage.get(name, 65_536)
  } catch (error) {
    if (error instanceof RepositoryError && error.code === 'OBJECT_MISSING') return 'gone'
    throw error
  }
  try {
    const record = JSON.parse(bytes.toString()) as LockRecord
    const isLock =
      (record.kind === 'shared' || record.kind === 'exclusive') &&
      Number.isFinite(record.refreshedAtMs) &&
      Number.isInteger(record.pid) &&
      typeof record.hostname === 'string'
    return isLock ? record : 'unreadable'
  } catch {
    return 'unreadable'
  }
}

function isDead(lock: LockRecord): boolean {
  if (Date.now() - lock.refreshedAtMs > staleAfterMs) return true
  if (lock.hostname !== hostname()) return false
  if (lock.pid === process.pid) return false
  try {
    process.kill(lock.pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
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
