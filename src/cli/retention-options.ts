import { InvalidArgumentError, type Command } from 'commander'

import type { CalendarSpan, KeepPolicy } from '../model/retention-policy.ts'
import { collect, splitTags } from './option-values.ts'

/** What the options of a policy are called in commander. */
export interface PolicyFlags {
  readonly keepLast?: number
  readonly keepHourly?: number
  readonly keepDaily?: number
  readonly keepWeekly?: number
  readonly keepMonthly?: number
  readonly keepYearly?: number
  readonly keepWithin?: CalendarSpan
  readonly keepWithinHourly?: CalendarSpan
  readonly keepWithinDaily?: CalendarSpan
  readonly keepWithinWeekly?: CalendarSpan
  readonly keepWithinMonthly?: CalendarSpan
  readonly keepWithinYearly?: CalendarSpan
  readonly keepTag?: readonly string[]
}

/** restic's options of a policy, with its letters. */
export function addPolicyOptions(command: Command): void {
  const within = 'such as 14d or 1y6m, seen from the newest snapshot'
  command
    .option('-l, --keep-last <n>', 'keep the last N snapshots; "unlimited" keeps all', parseCount)
    .option('-H, --keep-hourly <n>', 'keep the newest of each of the last N hours', parseCount)
    .option('-d, --keep-daily <n>', 'keep the newest of each of the last N days', parseCount)
    .option('-w, --keep-weekly <n>', 'keep the newest of each of the last N weeks', parseCount)
    .option('-m, --keep-monthly <n>', 'keep the newest of each of the last N months', parseCount)
    .option('-y, --keep-yearly <n>', 'keep the newest of each of the last N years', parseCount)
    .option('--keep-within <span>', `keep all in a span of time, ${within}`, parseSpan)
    .option('--keep-within-hourly <span>', 'keep one an hour in a span of time', parseSpan)
    .option('--keep-within-daily <span>', 'keep one a day in a span of time', parseSpan)
    .option('--keep-within-weekly <span>', 'keep one a week in a span of time', parseSpan)
    .option('--keep-within-monthly <span>', 'keep one a month in a span of time', parseSpan)
    .option('--keep-within-yearly <span>', 'keep one a year in a span of time', parseSpan)
    .option('--keep-tag <tags>', 'keep what has all of these tags (a,b); repeat for "or"', collect)
}

export function policyOf(flags: PolicyFlags): KeepPolicy {
  return {
    kind: 'keep',
    last: flags.keepLast ?? 0,
    counts: {
      hourly: flags.keepHourly ?? 0,
      daily: flags.keepDaily ?? 0,
      weekly: flags.keepWeekly ?? 0,
      monthly: flags.keepMonthly ?? 0,
      yearly: flags.keepYearly ?? 0,
    },
    within: flags.keepWithin,
    withinPeriods: {
      ...(flags.keepWithinHourly && { hourly: flags.keepWithinHourly }),
      ...(flags.keepWithinDaily && { daily: flags.keepWithinDaily }),
      ...(flags.keepWithinWeekly && { weekly: flags.keepWithinWeekly }),
      ...(flags.keepWithinMonthly && { monthly: flags.keepWithinMonthly }),
      ...(flags.keepWithinYearly && { yearly: flags.keepWithinYearly }),
    },
    tags: (flags.keepTag ?? []).map(splitTags).filter((tags) => tags.length > 0),
  }
}

/** `7`, or `unlimited`, for which `-1` stands as well. */
export function parseCount(text: string): number {
  if (text === 'unlimited' || text === '-1') return Infinity
  if (!/^\d{1,9}$/.test(text)) {
    throw new InvalidArgumentError('Allowed: a whole number, or unlimited.')
  }
  return Number(text)
}

const units = { y: 'years', m: 'months', d: 'days', h: 'hours' } as const

/** `1y5m7d2h`: years, months, days and hours, each at most once, in any order. */
export function parseSpan(text: string): CalendarSpan {
  const span = { years: 0, months: 0, days: 0, hours: 0 }
  const parts = text.trim().match(/\d{1,6}[ymdh]/g) ?? []
  const used = new Set<string>()
  for (const part of parts) {
    const unit = part.at(-1) as keyof typeof units
    used.add(unit)
    span[units[unit]] = Number(part.slice(0, -1))
  }
  if (parts.length === 0 || used.size < parts.length || parts.join('') !== text.trim()) {
    throw new InvalidArgumentError('Allowed: a span such as 12h, 14d, 6m, 1y or 1y5m7d2h.')
  }
  return span
}
