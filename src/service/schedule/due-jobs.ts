import type { BackupRecord } from '../../model/backup-record.ts'
import { decideSchedule, type ScheduleIntervals } from '../../model/schedule.ts'
import type { NextTime } from './cron-times.ts'
import { jobKinds, type JobKind } from './job-kinds.ts'

export interface DueFacts {
  readonly records: readonly BackupRecord[]
  /** The intervals hold for `full` and `incremental` where there is no expression. */
  readonly intervals: ScheduleIntervals
  readonly needsVerification: boolean
  readonly nextTime: NextTime
  /** When each kind was done last; what never was counts from `sinceMs`. */
  readonly lastMs: (kind: JobKind) => number | undefined
  /** From when on a schedule could have been kept. */
  readonly sinceMs: number
  readonly nowMs: number
}

/**
 * What is due now: a time that was missed, while the machine slept or nothing ran, is due once, however often it was missed. A full backup stands
 * for the incremental one that is due at the same moment.
 */
export function dueJobs(facts: DueFacts): JobKind[] {
  const { nextTime, nowMs } = facts
  const isPlanned = (kind: JobKind): boolean => nextTime(kind, nowMs) !== undefined
  const byInterval = decideSchedule({
    records: facts.records,
    schedule: facts.intervals,
    nowMs,
    needsVerification: facts.needsVerification,
  })
  const due = jobKinds.filter((kind) => {
    if (isPlanned(kind)) return isDueByCron(kind, facts)
    if (kind === 'full') return byInterval === 'full'
    // Where full backups have an expression of their own, theirs may say "full" by the interval without being due.
    if (kind === 'incremental') return incrementalIsDue(facts, byInterval, isPlanned('full'))
    return false
  })
  return due.includes('full') ? due.filter((kind) => kind !== 'incremental') : due
}

function incrementalIsDue(
  facts: DueFacts,
  byInterval: ReturnType<typeof decideSchedule>,
  isFullPlanned: boolean,
): boolean {
  if (!isFullPlanned || byInterval !== 'full') return byInterval === 'incremental'
  const schedule = { ...facts.intervals, fullBackupDays: Infinity }
  const { records, nowMs } = facts
  const hasFull = records.some(({ backup_type }) => backup_type === 'full')
  return hasFull && decideSchedule({ records, schedule, nowMs }) === 'incremental'
}

/** A clock that was set back by less than that is waited for; by more, it was wrong before. */
const setBackMsMax = 3 * 60 * 60_000

function isDueByCron(kind: JobKind, { nextTime, lastMs, sinceMs, nowMs }: DueFacts): boolean {
  const covering: readonly JobKind[] = kind === 'incremental' ? ['full', 'incremental'] : [kind]
  const known = covering.map(lastMs).filter((atMs) => atMs !== undefined)
  const latestMs = known.length === 0 ? sinceMs : Math.max(...known)
  // What claims to be from the far future must not keep anything from being done until then.
  const fromMs = latestMs > nowMs + setBackMsMax ? nowMs - 1 : latestMs
  const next = nextTime(kind, fromMs)
  return next !== undefined && next <= nowMs
}
