import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { RepositoryError } from '../foundation/errors.ts'
import { isObjectId, type ObjectId } from '../model/ids.ts'
import type { Storage } from '../storage/storage.ts'

/**
 * `shared` (whoever reads or adds) goes beside itself and beside `maintenance`; `maintenance` (whoever takes away: forget, undelete, prune)
 * beside `shared` only; `exclusive` (repairs) beside nothing.
 */
export const lockKinds = ['shared', 'maintenance', 'exclusive'] as const
export type LockKind = (typeof lockKinds)[number]

/** What an object in `locks/` says (docs/FORMAT.md, section 13). */
export interface LockRecord {
  readonly version: 1
  readonly kind: LockKind
  /** 32 hex; the same over all refreshes. */
  readonly leaseId: string
  /** Condemned objects that the holder knew of when it began, and so keeps away from. */
  readonly knows: readonly ObjectId[]
  /** Without a refresh for so long the lock is stale: what its holder promises. */
  readonly staleAfterMs: number
  readonly hostname: string
  readonly pid: number
  /** Process ids mean the same only within one of these, of one boot of one machine; missing where the system does not tell. */
  readonly pidNamespace?: string
  /** By the holder's clock, for people. */
  readonly startedAtMs: number
  readonly operation: string
}

const lockBytesMax = 1_048_576
/** A lock that promises to live for ever would keep a repository from being pruned for ever. */
const staleAfterMsMax = 24 * 60 * 60_000

export const ownPidNamespace: string | undefined = readPidNamespace()

export function newLockName(): string {
  return `locks/${randomBytes(16).toString('hex')}`
}

export function newLockRecord(
  fields: Pick<LockRecord, 'kind' | 'operation' | 'startedAtMs' | 'staleAfterMs'>,
): LockRecord {
  return {
    version: 1,
    ...fields,
    leaseId: randomBytes(16).toString('hex'),
    knows: [],
    hostname: hostname(),
    pid: process.pid,
    ...(ownPidNamespace !== undefined && { pidNamespace: ownPidNamespace }),
  }
}

export function encodeLockRecord(record: LockRecord): Buffer {
  return Buffer.from(JSON.stringify(record))
}

/** @returns undefined when the bytes are no lock record */
export function decodeLockRecord(bytes: Buffer): LockRecord | undefined {
  let record: LockRecord
  try {
    record = JSON.parse(bytes.toString()) as LockRecord
  } catch {
    return undefined
  }
  const isLock =
    typeof record === 'object' &&
    record !== null &&
    lockKinds.includes(record.kind) &&
    typeof record.leaseId === 'string' &&
    /^[0-9a-f]{32}$/.test(record.leaseId) &&
    Array.isArray(record.knows) &&
    record.knows.every((id) => typeof id === 'string' && isObjectId(id)) &&
    Number.isFinite(record.staleAfterMs) &&
    record.staleAfterMs > 0 &&
    Number.isFinite(record.startedAtMs) &&
    Number.isInteger(record.pid) &&
    typeof record.hostname === 'string' &&
    typeof record.operation === 'string'
  if (!isLock) return undefined
  return { ...record, staleAfterMs: Math.min(record.staleAfterMs, staleAfterMsMax) }
}

/** @returns `gone` when somebody removed it since it was listed, `unreadable` when it is no lock */
export async function readLock(
  storage: Storage,
  name: string,
): Promise<LockRecord | 'gone' | 'unreadable'> {
  const first = await readLockOnce(storage, name)
  return first === 'unreadable' ? await readLockOnce(storage, name) : first
}

async function readLockOnce(
  storage: Storage,
  name: string,
): Promise<LockRecord | 'gone' | 'unreadable'> {
  try {
    return decodeLockRecord(await storage.get(name, lockBytesMax)) ?? 'unreadable'
  } catch (error) {
    if (!(error instanceof RepositoryError)) throw error
    if (error.code === 'OBJECT_MISSING') return 'gone'
    if (error.code === 'OBJECT_DAMAGED') return 'unreadable'
    throw error
  }
}

/** The first namespace has the same number on every machine, and two machines may have the same name: the boot tells them apart. */
function readPidNamespace(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${readlinkSync('/proc/self/ns/pid')} of boot ${boot}`
  } catch {
    return undefined
  }
}
