import { backupTypes, type BackupType } from '../../model/snapshot.ts'
import { countsFor, graceOf, intervalOf, type BackupPlan } from '../freshness.ts'
import type { Run } from '../records/run.ts'

export interface MissedRun {
  readonly type: BackupType
  /** When it should have begun. */
  readonly dueMs: number
}

export interface MissedSpan {
  readonly fromMs: number
  readonly nowMs: number
  /** Since when runs could have been made: the creation of the repository. */
  readonly observedSinceMs: number
}

/** A cron expression may name every minute; a strip of days shows no more than that something was missed. */
const dueTimesMax = 1_000
/** A run may begin a little before its time by the clock of another machine. */
const earlyMs = 5 * 60_000

/**
 * Times at which the schedule wanted a run and nobody tried. A run that failed was a run: it is shown as a failure.
 *
 * @param runs of all kinds, deleted ones included
 */
export function missedRuns(
  runs: readonly Run[],
  plan: BackupPlan | undefined,
  span: MissedSpan,
): MissedRun[] {
  if (plan === undefined) return []
  return backupTypes.flatMap((type) => {
    const attempts = runs
      .filter((run) => countsFor(run.type, type))
      .map(({ atMs }) => atMs)
      .sort((one, other) => one - other)
    const { nextRun } = plan
    const intervalMs = intervalOf(plan, type)
    const due =
      nextRun?.(type, span.fromMs) !== undefined
        ? missedByCron(attempts, (afterMs) => nextRun(type, afterMs), span)
        : intervalMs === undefined
          ? []
          : missedByInterval(attempts, intervalMs, span)
    return due.map((dueMs) => ({ type, dueMs }))
  })
}

function missedByCron(
  attempts: readonly number[],
  next: (afterMs: number) => number | undefined,
  { fromMs, nowMs, observedSinceMs }: MissedSpan,
): number[] {
  const missed: number[] = []
  let dueMs = next(Math.max(fromMs, observedSinceMs))
  let at = 0
  for (let count = 0; dueMs !== undefined && count < dueTimesMax; count++) {
    const following = next(dueMs)
    const endMs = following ?? Infinity
    if (dueMs + graceOf(endMs - dueMs) >= nowMs) break
    while (at < attempts.length && attempts[at] < dueMs - earlyMs) at++
    if (!(attempts[at] < endMs - earlyMs)) missed.push(dueMs)
    dueMs = following
  }
  return missed
}

/** An interval counts from the last attempt; the first from the creation of the repository. */
function missedByInterval(
  attempts: readonly number[],
  intervalMs: number,
  { fromMs, nowMs, observedSinceMs }: MissedSpan,
): number[] {
  const graceMs = graceOf(intervalMs)
  const missed: number[] = []
  const starts = [observedSinceMs, ...attempts.filter((atMs) => atMs > observedSinceMs)]
  for (const [index, startMs] of starts.entries()) {
    const endMs = Math.min(starts[index + 1] ?? nowMs, nowMs)
    const first = Math.max(1, Math.ceil((fromMs - startMs) / intervalMs))
    for (let step = first; missed.length < dueTimesMax; step++) {
      const dueMs = startMs + step * intervalMs
      if (dueMs + graceMs >= endMs) break
      missed.push(dueMs)
    }
  }
  return missed
}
