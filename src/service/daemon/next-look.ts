import type { NextTime } from '../schedule/cron-times.ts'
import { jobKinds } from '../schedule/job-kinds.ts'

const minuteMs = 60_000
/** Intervals are hours and days: whether one is over is looked up so often. */
export const lookEveryMs: number = 10 * minuteMs
/** A timer stands still while the machine sleeps; the clock is looked at so often. */
const waitMsMax = 15_000
/** More than a timer is ever late on a busy machine. */
const jumpMsMin = 90_000

/** When the repository is looked at next: at the next time of an expression, and every ten minutes for what goes by intervals. */
export function nextLook(nextTime: NextTime, nowMs: number): number {
  const times = jobKinds.map((kind) => nextTime(kind, nowMs)).filter((atMs) => atMs !== undefined)
  return times.reduce((next, atMs) => Math.min(next, atMs), nowMs + lookEveryMs)
}

/** How long to sleep at most before the clock is looked at again. */
export function napMs(lookAtMs: number, nowMs: number): number {
  return Math.min(Math.max(lookAtMs - nowMs, 0), waitMsMax)
}

/** True when the clock was set, or the machine slept: then nothing that was worked out before holds. */
export function hasJumped(expectedMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - expectedMs) > jumpMsMin
}
