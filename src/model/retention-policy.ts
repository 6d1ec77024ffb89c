/** The calendar periods of which a policy can keep one snapshot each. Weeks are those of ISO 8601. */
export const retentionPeriods = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const
export type RetentionPeriod = (typeof retentionPeriods)[number]

/** A length of time that follows the calendar: a month may have 28 days, and a day 23 hours. */
export interface CalendarSpan {
  readonly years: number
  readonly months: number
  readonly days: number
  readonly hours: number
}

/**
 * Keeps what at least one of its rules keeps, as restic's `forget` does; borg's options of the same names mean something else.
 *
 * A count of 0 switches a rule off, `Infinity` stands for restic's "unlimited".
 * @see https://restic.readthedocs.io/en/stable/060_forget.html
 */
export interface KeepPolicy {
  readonly kind: 'keep'
  readonly last: number
  /** How many periods of a kind; of each its newest snapshot is kept. */
  readonly counts: Readonly<Partial<Record<RetentionPeriod, number>>>
  /** Everything younger than that, seen from the newest snapshot. */
  readonly within?: CalendarSpan | undefined
  /** The newest of each period, as far back as that. */
  readonly withinPeriods: Readonly<Partial<Record<RetentionPeriod, CalendarSpan>>>
  /** Any of these sets; of a set, all tags. */
  readonly tags: readonly (readonly string[])[]
}

/**
 * Removes what exceeds a limit: first what is too old, then the oldest of what are too many.
 *
 * That is what the documented system means by `retention_days` and `max_backups`.
 */
export interface LimitPolicy {
  readonly kind: 'limit'
  /** Days of 24 hours, seen from now. */
  readonly ageDaysMax: number
  readonly countMax: number
}

export type RetentionPolicy = KeepPolicy | LimitPolicy

/** True when a policy has no rule, so that nobody can say what it is meant to remove. */
export function isEmptyPolicy(policy: RetentionPolicy): boolean {
  if (policy.kind === 'limit') return false
  const { last, counts, within, withinPeriods, tags } = policy
  return (
    last === 0 &&
    tags.length === 0 &&
    !hasLength(within) &&
    retentionPeriods.every((period) => (counts[period] ?? 0) === 0) &&
    retentionPeriods.every((period) => !hasLength(withinPeriods[period]))
  )
}

/** False for a span of no time, which switches its rule off. */
export function hasLength(span: CalendarSpan | undefined): span is CalendarSpan {
  return span !== undefined && span.years + span.months + span.days + span.hours > 0
}

/** What the snapshots of one group have in common; without any, all are one group. */
export const groupings = ['host', 'paths', 'tags'] as const
export type Grouping = (typeof groupings)[number]

/** How long a forgotten snapshot can be brought back: long enough to notice a mistake made on a Friday. */
export const graceMsDefault: number = 7 * 24 * 60 * 60_000
