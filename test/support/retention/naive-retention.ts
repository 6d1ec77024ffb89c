import {
  retentionPeriods,
  type CalendarSpan,
  type RetentionPeriod,
  type RetentionPolicy,
} from '../../../src/model/retention-policy.ts'
import type { RetentionSnapshot } from '../../../src/operations/retention/retention-snapshot.ts'

/*
 * Retention once more, with sets instead of counters, every snapshot held against every other, and moments instead of numbers for the periods. The
 * property tests hold the real one against it.
 */

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** The moment that a period begins; of an hour its name, because an hour that comes twice is one for restic. */
export const periodStart: Record<RetentionPeriod, (time: Date) => number | string> = {
  hourly: (time) => `${time.toDateString()} ${time.getHours()}`,
  daily: (time) => new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime(),
  weekly(time) {
    const monday = time.getDate() - (time.getDay() === 0 ? 6 : time.getDay() - 1)
    return new Date(time.getFullYear(), time.getMonth(), monday).getTime()
  },
  monthly: (time) => new Date(time.getFullYear(), time.getMonth()).getTime(),
  yearly: (time) => new Date(time.getFullYear(), 0).getTime(),
}

export function naiveTimeMs(snapshot: RetentionSnapshot): number {
  const { recordedAtMs, startedAtMs, endedAtMs } = snapshot
  const finishedMs = recordedAtMs ?? endedAtMs
  if (endedAtMs < startedAtMs) return finishedMs
  return Math.max(finishedMs - endedAtMs + startedAtMs, finishedMs - dayMs)
}

export function naiveSuspicious(all: readonly RetentionSnapshot[], nowMs: number): Set<string> {
  const saysMs = (one: RetentionSnapshot): number => one.recordedAtMs ?? one.endedAtMs
  const tooLate = all.filter(
    (one) =>
      saysMs(one) - nowMs > 5 * minuteMs ||
      (one.receivedAtMs !== null && saysMs(one) - one.receivedAtMs > 5 * minuteMs),
  )
  const others = all.filter((one) => !tooLate.includes(one))
  const tooEarly = others.filter((one) =>
    others.some((other) => {
      if (saysMs(other) - saysMs(one) <= 5 * minuteMs) return false
      if (other.id === one.parentId) return true
      if (other.receivedAtMs === null || other.receivedAtMs - saysMs(other) >= dayMs) return false
      return one.receivedAtMs !== null && other.receivedAtMs < one.receivedAtMs
    }),
  )
  return new Set([...tooLate, ...tooEarly].map(({ id }) => id))
}

function before(ms: number, { years, months, days, hours }: CalendarSpan): number {
  const time = new Date(ms)
  time.setFullYear(time.getFullYear() - years, time.getMonth() - months, time.getDate() - days)
  return time.getTime() - hours * 60 * minuteMs
}

/** Ids of what a policy keeps of a group. */
export function naiveKept(
  group: readonly RetentionSnapshot[],
  policy: RetentionPolicy,
  { nowMs, suspicious }: { readonly nowMs: number; readonly suspicious: ReadonlySet<string> },
): Set<string> {
  const kept = new Set(group.map(({ id }) => id as string).filter((id) => suspicious.has(id)))
  const good = group
    .filter(({ id }) => !suspicious.has(id))
    .sort((a, b) => naiveTimeMs(b) - naiveTimeMs(a) || (a.id < b.id ? 1 : -1))
  const keep = (some: readonly (RetentionSnapshot | undefined)[]): void => {
    for (const one of some) if (one !== undefined) kept.add(one.id)
  }
  keep([good.find(({ type, verifiedAtMs }) => type === 'full' && verifiedAtMs !== null)])
  if (policy.kind === 'limit') {
    const young = good.filter((one) => nowMs - naiveTimeMs(one) <= policy.ageDaysMax * dayMs)
    keep(young.slice(0, policy.countMax))
    if (!good.some(({ id }) => kept.has(id))) keep(good.slice(0, 1))
    return kept
  }
  const hasRule =
    policy.last > 0 ||
    policy.tags.length > 0 ||
    Object.values(policy.counts).some((count) => count > 0) ||
    [policy.within, ...Object.values(policy.withinPeriods)].some(
      (span) => span && span.years + span.months + span.days + span.hours > 0,
    )
  if (!hasRule) return new Set(group.map(({ id }) => id))

  keep(good.slice(0, policy.last))
  keep(good.filter(({ tags }) => policy.tags.some((set) => set.every((tag) => tags.includes(tag)))))
  const newest = good.find((one) => naiveTimeMs(one) < nowMs)
  const inside = (span: CalendarSpan | undefined): RetentionSnapshot[] => {
    if (!span || span.years + span.months + span.days + span.hours === 0) return []
    return good.filter((one) => !newest || naiveTimeMs(one) > before(naiveTimeMs(newest), span))
  }
  keep(inside(policy.within))
  for (const period of retentionPeriods) {
    const newestOfEach = (some: readonly RetentionSnapshot[]): RetentionSnapshot[] => {
      const byPeriod = new Map<number | string, RetentionSnapshot>()
      for (const one of some.toReversed()) {
        byPeriod.set(periodStart[period](new Date(naiveTimeMs(one))), one)
      }
      return [...byPeriod.values()].reverse()
    }
    const count = policy.counts[period] ?? 0
    const all = newestOfEach(good)
    keep(all.slice(0, count))
    if (all.length < count) keep(good.slice(-1))
    const some = inside(policy.withinPeriods[period])
    keep(newestOfEach(some))
    if (some.length === good.length) keep(good.slice(-1))
  }
  return kept
}
