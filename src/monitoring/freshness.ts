import { jsonTime } from '../foundation/human.ts'
import type { BackupRecord } from '../model/backup-record.ts'
import { backupTypes, type BackupType } from '../model/snapshot.ts'
import { isOfPast, isUsable, runsOf, type Run } from './records/run.ts'

/** When backups are meant to be made. */
export interface BackupPlan {
  /** Without it, backups are made by hand. */
  readonly fullBackupDays: number
  readonly incrementalHours: number
  /**
   * Of a type with a cron expression the next time after a moment, undefined for a type without one. The intervals hold for `full` and
   * `incremental` where there is none.
   */
  readonly nextRun?: (type: BackupType, afterMs: number) => number | undefined
}

export interface TypeFreshness {
  readonly type: BackupType
  /** ISO 8601 */
  readonly last_success_at: string | null
  readonly last_attempt_at: string | null
  /** When the next one has to be there at the latest; null when nobody planned any. */
  readonly due_at: string | null
  readonly is_late: boolean
}

export interface FreshnessOptions {
  /** Since when backups could have been made: the repository's creation. Without it, a type that never ran is due now. */
  readonly observedSinceMs?: number
}

const hourMs = 60 * 60_000

/**
 * How old the newest backup of each type is, and whether it should have been followed by another one. Types that never ran and that nobody
 * planned are there, too.
 *
 * @param plan undefined where backups are made by hand: nothing is ever late then
 */
export function freshness(
  records: readonly BackupRecord[],
  plan: BackupPlan | undefined,
  nowMs: number,
  options: FreshnessOptions = {},
): TypeFreshness[] {
  const runs = runsOf(records).filter(({ atMs }) => isOfPast(atMs, nowMs))
  const sinceMs = options.observedSinceMs ?? nowMs
  return backupTypes.map((type) => {
    const attempts = runs.filter((run) => run.type === type)
    const due = plan === undefined ? undefined : nextDue(runs, plan, { type, sinceMs })
    return {
      type,
      last_success_at: jsonTimeOrNull(newestAt(attempts.filter(isUsable))),
      last_attempt_at: jsonTimeOrNull(newestAt(attempts)),
      due_at: jsonTimeOrNull(due?.atMs),
      is_late: due !== undefined && nowMs > due.atMs + due.graceMs,
    }
  })
}

/** A run takes its time and a machine sleeps; a quarter of the interval is let pass, an hour at least and a day at most. */
export function graceOf(intervalMs: number): number {
  return Math.min(Math.max(intervalMs / 4, hourMs), 24 * hourMs)
}

interface DueTime {
  readonly atMs: number
  readonly graceMs: number
}

function nextDue(
  runs: readonly Run[],
  plan: BackupPlan,
  { type, sinceMs }: { readonly type: BackupType; readonly sinceMs: number },
): DueTime | undefined {
  const last = newestAt(runs.filter((run) => isUsable(run) && countsFor(run.type, type)))
  const { nextRun } = plan
  if (nextRun?.(type, sinceMs) !== undefined) {
    return dueByCron((afterMs) => nextRun(type, afterMs), last ?? sinceMs)
  }
  const intervalMs = intervalOf(plan, type)
  if (intervalMs === undefined) return undefined
  return {
    atMs: last === undefined ? sinceMs : last + intervalMs,
    graceMs: graceOf(intervalMs),
  }
}

/** A full backup is as good as an incremental one. */
export function countsFor(made: BackupType, planned: BackupType): boolean {
  return made === planned || (planned === 'incremental' && made === 'full')
}

/** A clock that lags a little must not make the run of a moment ago miss its own time. */
const cronToleranceMs = 60_000

function dueByCron(
  next: (afterMs: number) => number | undefined,
  lastMs: number,
): DueTime | undefined {
  const atMs = next(lastMs + cronToleranceMs)
  if (atMs === undefined) return undefined
  const following = next(atMs)
  return { atMs, graceMs: graceOf((following ?? atMs) - atMs) }
}

/** @returns undefined for a type that has no interval */
export function intervalOf(plan: BackupPlan, type: BackupType): number | undefined {
  if (type === 'full') return plan.fullBackupDays * 24 * hourMs
  if (type === 'incremental') return plan.incrementalHours * hourMs
  return undefined
}

function newestAt(runs: readonly Run[]): number | undefined {
  return runs.length === 0 ? undefined : runs.reduce((at, run) => Math.max(at, run.atMs), -Infinity)
}

function jsonTimeOrNull(atMs: number | undefined): string | null {
  return atMs === undefined ? null : jsonTime(atMs)
}
