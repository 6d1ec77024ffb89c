import type { BackupRecord } from '../../model/backup-record.ts'
import type { BackupPlan } from '../freshness.ts'
import { runsOf } from '../records/run.ts'
import { lastDays } from './calendar-days.ts'
import { missedRuns } from './missed-runs.ts'

/** One day of the strip. */
export interface DaySummary {
  /** `2026-07-15`, by the local calendar. */
  readonly date: string
  /** With those that failed. */
  readonly runs: number
  /** Made no backup, or one that was found damaged. */
  readonly failures: number
  /** Runs that the schedule wanted and nobody tried. */
  readonly missed: number
  /** What the repository grew by. */
  readonly bytes_added: number
}

export interface DayStripOptions {
  readonly nowMs: number
  readonly plan?: BackupPlan | undefined
  readonly observedSinceMs: number
  readonly days?: number
}

export const stripDaysDefault = 30

/** The last days, oldest first. @param records with the deleted ones */
export function dayStrip(
  records: readonly BackupRecord[],
  { nowMs, plan, observedSinceMs, days = stripDaysDefault }: DayStripOptions,
): DaySummary[] {
  const runs = runsOf(records)
  const calendar = lastDays(days, nowMs)
  const missed = missedRuns(runs, plan, { fromMs: calendar[0].startMs, nowMs, observedSinceMs })
  return calendar.map(({ date, startMs, endMs }) => {
    const isOfDay = (atMs: number): boolean => atMs >= startMs && atMs < endMs
    const ofDay = runs.filter(({ atMs }) => isOfDay(atMs))
    return {
      date,
      runs: ofDay.length,
      failures: ofDay.filter(({ outcome }) => outcome !== 'intact').length,
      missed: missed.filter(({ dueMs }) => isOfDay(dueMs)).length,
      bytes_added: ofDay.reduce((total, { storedBytes }) => total + (storedBytes ?? 0), 0),
    }
  })
}
