import type { BackupRecord } from './backup-record.ts'

/** What the documented system's `schedule` goes by. */
export interface ScheduleIntervals {
  readonly fullBackupDays: number
  readonly incrementalHours: number
}

export interface ScheduleFacts {
  readonly records: readonly BackupRecord[]
  readonly schedule: ScheduleIntervals
  readonly nowMs: number
  /** False where backups are not verified as they are made: then no full backup would ever count. Default true. */
  readonly needsVerification?: boolean
}

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs
/** A clock may be ahead of another by so much without anybody looking into it. */
const futureMsMax = 5 * 60_000

/**
 * A run that is started at the same time every day finds the one before a little less than a day old, and an hour less where clocks were put
 * forward: a sixteenth of the interval, at most 90 minutes, is not waited for.
 */
export function scheduleTolerance(intervalMs: number): number {
  return Math.min(intervalMs / 16, 90 * 60_000)
}

/**
 * What is due: `full` when no verified one is younger than `fullBackupDays`, else `incremental` when the newest full or incremental backup is
 * older than `incrementalHours`, else nothing. A backup from the future, by the clock of whoever made it, counts for nothing.
 */
export function decideSchedule(facts: ScheduleFacts): 'full' | 'incremental' | null {
  const { records, schedule, nowMs, needsVerification = true } = facts
  const usable = records.filter(
    ({ status, backup_type }) =>
      (status === 'verified' || status === 'created') &&
      (backup_type === 'full' || backup_type === 'incremental'),
  )
  const fulls = usable.filter(
    ({ status, backup_type }) =>
      backup_type === 'full' && (status === 'verified' || !needsVerification),
  )
  if (isDue(fulls, schedule.fullBackupDays * dayMs, nowMs)) return 'full'
  return isDue(usable, schedule.incrementalHours * hourMs, nowMs) ? 'incremental' : null
}

function isDue(records: readonly BackupRecord[], intervalMs: number, nowMs: number): boolean {
  const times = records.map(timeOf).filter((atMs) => atMs <= nowMs + futureMsMax)
  const newestMs = times.reduce((newest, atMs) => Math.max(newest, atMs), -Infinity)
  return nowMs - newestMs >= intervalMs - scheduleTolerance(intervalMs)
}

/** By the earliest of the clocks that saw it, so that one that was ahead hides nothing. */
function timeOf({ created_at, metadata }: BackupRecord): number {
  return Math.min(created_at, metadata.recorded_at ?? Infinity) * 1000
}
