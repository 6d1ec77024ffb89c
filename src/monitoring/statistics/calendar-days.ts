/** One day of the local calendar. */
export interface CalendarDay {
  /** `2026-07-15` */
  readonly date: string
  readonly startMs: number
  /** Start of the next; a day may have 23 or 25 hours. */
  readonly endMs: number
}

/** The last days up to today, oldest first. */
export function lastDays(count: number, nowMs: number): CalendarDay[] {
  const now = new Date(nowMs)
  const startOf = (back: number): Date =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - back)
  return Array.from({ length: count }, (_, index) => {
    const start = startOf(count - 1 - index)
    return {
      date: dateText(start),
      startMs: start.getTime(),
      endMs: startOf(count - 2 - index).getTime(),
    }
  })
}

function dateText(day: Date): string {
  const month = String(day.getMonth() + 1).padStart(2, '0')
  return `${day.getFullYear()}-${month}-${String(day.getDate()).padStart(2, '0')}`
}
