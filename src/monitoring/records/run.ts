import type { BackupRecord } from '../../model/backup-record.ts'
import type { BackupType } from '../../model/snapshot.ts'

/** A backup record as one run that happened: what statistics and rules look at. Times are milliseconds. */
export interface Run {
  readonly type: BackupType
  /** By the earliest of the clocks that saw it, so that a client's clock that was ahead hides nothing. */
  readonly atMs: number
  readonly durationMs: number | null
  /** `none`: it made no snapshot. */
  readonly outcome: 'none' | 'damaged' | 'intact'
  /** Deleted since. */
  readonly deletedAtMs: number | null
  readonly bytes: number
  readonly files: number
  /** Null where nobody recorded it. */
  readonly newBytes: number | null
  readonly storedBytes: number | null
  readonly verifiedAtMs: number | null
}

/** A clock may be ahead of another by so much without anybody looking into it. */
export const clockToleranceMs: number = 5 * 60_000

const known = new WeakMap<readonly BackupRecord[], readonly Run[]>()

/** The runs of a list, in its order; the same list is looked at by many rules. */
export function runsOf(records: readonly BackupRecord[]): readonly Run[] {
  let runs = known.get(records)
  if (runs?.length !== records.length) {
    runs = records.map(toRun)
    known.set(records, runs)
  }
  return runs
}

function toRun(record: BackupRecord): Run {
  const { metadata, status } = record
  const { ended_at, recorded_at, verified_at, deleted_at, snapshot_id } = metadata
  // A record of the documented system does not name a snapshot, and is a failed run when it says so.
  const isNone = status === 'failed' && (snapshot_id === undefined || snapshot_id === null)
  const isDeletedFailure = status === 'expired' && metadata.error !== undefined
  return {
    type: record.backup_type,
    atMs: Math.min(record.created_at, recorded_at ?? Infinity) * 1000,
    durationMs:
      typeof ended_at === 'number' ? Math.max(0, ended_at - record.created_at) * 1000 : null,
    outcome: isNone || isDeletedFailure ? 'none' : status === 'failed' ? 'damaged' : 'intact',
    deletedAtMs:
      status === 'expired'
        ? (typeof deleted_at === 'number' ? deleted_at : record.created_at) * 1000
        : null,
    bytes: record.size_bytes,
    files: record.file_count,
    newBytes: metadata.data_bytes_added ?? null,
    storedBytes: metadata.stored_bytes_added ?? null,
    verifiedAtMs: typeof verified_at === 'number' ? verified_at * 1000 : null,
  }
}

/** Whether it can be restored from now. */
export function isUsable(run: Run): boolean {
  return run.outcome === 'intact' && run.deletedAtMs === null
}

/** False of what claims to be from the future: it must not make anybody believe that a recent backup is there. */
export function isOfPast(atMs: number, nowMs: number): boolean {
  return atMs <= nowMs + clockToleranceMs
}
