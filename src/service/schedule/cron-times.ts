import type { ScheduleSettings } from '../../config/settings.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import { jobKinds, type JobKind } from './job-kinds.ts'

/** The next time of a kind after a moment, in milliseconds; undefined for a kind without an expression, or one that never comes again. */
export type NextTime = (kind: JobKind, afterMs: number) => number | undefined

/**
 * Reads the cron expressions of a schedule.
 *
 * @throws {HoldfastError} `CONFIG_INVALID` for one that means nothing
 */
export async function readCronTimes(schedule: ScheduleSettings): Promise<NextTime> {
  const wanted = jobKinds.filter((kind) => schedule[kind] !== undefined)
  if (wanted.length === 0) return () => undefined
  const { Cron } = await import('croner')
  const { timeZone } = schedule
  const options = { paused: true, ...(timeZone !== undefined && { timezone: timeZone }) }
  const crons = new Map<JobKind, InstanceType<typeof Cron>>()
  for (const kind of wanted) {
    const expression = schedule[kind] ?? ''
    try {
      const cron = new Cron(expression, options)
      // A time zone that does not exist is noticed only here.
      cron.nextRun()
      crons.set(kind, cron)
    } catch (cause) {
      const zone = timeZone === undefined ? '' : ` in time zone "${timeZone}"`
      throw new HoldfastError(
        'CONFIG_INVALID',
        `Cannot use cron expression "${expression}"${zone} of holdfast.schedule.${kind}: ${(cause as Error).message}`,
        {
          cause,
          remedy:
            'Write five fields such as "0 2 * * 0": minute, hour, day, month, day of the week',
          facts: { key: `holdfast.schedule.${kind}`, expression },
        },
      )
    }
  }
  return (kind, afterMs) => crons.get(kind)?.nextRun(new Date(afterMs))?.getTime()
}
