import type { BackupResult } from '../create-backup.ts'
import { errorText } from '../error-text.ts'
import type { ServiceContext } from '../service-context.ts'
import type { JobKind } from './job-kinds.ts'
import { planDue } from './plan-due.ts'
import { runJob, type JobOutcome } from './run-job.ts'

/** In the documented words. */
export const nothingNeeded = 'No backup needed at this time'

export interface ScheduleOutcome {
  /** What was done, in this order. */
  readonly outcomes: readonly JobOutcome[]
  readonly failures: readonly { readonly kind: JobKind; readonly error: unknown }[]
  /** The first backup that was made; null when none was needed. */
  readonly backup: BackupResult | null
  /** `Scheduled backup created: <id>` or `No backup needed at this time`. */
  readonly message: string
}

/**
 * Does what is due, one after the other. That one fails does not keep the others from being done.
 *
 * @throws {HoldfastError} `BACKUP_DISABLED`, `USAGE` or `CONFIG_INVALID` when there is no schedule; what the first of the jobs threw when no other
 *   one succeeded
 */
export async function runSchedule(
  context: ServiceContext,
  nowMs: number = Date.now(),
): Promise<ScheduleOutcome> {
  const outcomes: JobOutcome[] = []
  const failures: { readonly kind: JobKind; readonly error: unknown }[] = []
  for (const kind of await planDue(context, nowMs)) {
    try {
      outcomes.push(await runJob(context, kind))
    } catch (error) {
      context.signal.throwIfAborted()
      failures.push({ kind, error })
      context.onEvent({
        type: 'failure',
        message: `Scheduled job ${kind} failed: ${errorText(error)}`,
      })
    }
  }
  if (outcomes.length === 0 && failures.length > 0) throw failures[0].error
  const backup = outcomes.find((outcome) => outcome.backup !== null)?.backup ?? null
  const id = backup?.snapshot?.backupId
  const message = id === undefined ? nothingNeeded : `Scheduled backup created: ${id}`
  return { outcomes, failures, backup, message }
}
