import type { CalendarSpan, RetentionPeriod } from '../../model/retention-policy.ts'

/*
 * The calendar of the local time zone, as the process knows it (`TZ`). The numbers of periods are those of restic, only ever compared for
 * being equal.
 */

/** A number for the period that a moment falls in: equal for two moments exactly when they share the period. */
export const periodOf: Readonly<Record<RetentionPeriod, (ms: number) => number>> = {
  hourly: (ms) => dayNumber(new Date(ms)) * 100 + new Date(ms).getHours(),
  daily: (ms) => dayNumber(new Date(ms)),
  weekly: isoWeekNumber,
  monthly: (ms) => monthNumber(new Date(ms)),
  yearly: (ms) => new Date(ms).getFullYear(),
}

function monthNumber(time: Date): number {
  return time.getFullYear() * 100 + time.getMonth() + 1
}

function dayNumber(time: Date): number {
  return monthNumber(time) * 100 + time.getDate()
}

const dayMs = 24 * 60 * 60 * 1000

/** ISO 8601: a week begins on Monday and belongs to the year that its Thursday is in. */
function isoWeekNumber(ms: number): number {
  const time = new Date(ms)
  // Days are counted in UTC, where each has 24 hours.
  const dayStartMs = Date.UTC(time.getFullYear(), time.getMonth(), time.getDate())
  const daysSinceMonday = (time.getDay() + 6) % 7
  const thursday = new Date(dayStartMs + (3 - daysSinceMonday) * dayMs)
  const year = thursday.getUTCFullYear()
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * dayMs)) + 1
  return year * 100 + week
}

/**
 * The moment a span earlier: years, months and days on the calendar, then hours of 60 minutes.
 *
 * A day that a month does not have flows over into the next, as in restic: one month before 31 March is 3 March, or 2 March in a leap year.
 * @returns `-Infinity` where the calendar ends
 */
export function subtractSpan(ms: number, { years, months, days, hours }: CalendarSpan): number {
  const time = new Date(ms)
  time.setFullYear(time.getFullYear() - years, time.getMonth() - months, time.getDate() - days)
  const earlierMs = time.getTime() - hours * 60 * 60 * 1000
  return Number.isNaN(earlierMs) ? -Infinity : earlierMs
}

/** `1y5m7d2h`, as it is typed. */
export function spanText({ years, months, days, hours }: CalendarSpan): string {
  const parts = [
    [years, 'y'],
    [months, 'm'],
    [days, 'd'],
    [hours, 'h'],
  ] as const
  return parts.map(([count, unit]) => (count === 0 ? '' : `${count}${unit}`)).join('')
}
