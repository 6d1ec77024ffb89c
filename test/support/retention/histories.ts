import fc from 'fast-check'

import {
  groupings,
  retentionPeriods,
  type CalendarSpan,
  type Grouping,
  type KeepPolicy,
  type LimitPolicy,
} from '../../../src/model/retention-policy.ts'
import type { RetentionSnapshot } from '../../../src/operations/retention/retention-snapshot.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

export const nowMs: number = Date.parse('2026-11-23T12:00:00Z')

/** With summer time, half an hour of it, and days that begin at other moments. */
export const zones = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
] as const

/** Moments around which clocks change, years and leap days end, and weeks belong to another year. */
const oddMoments = [
  '2024-02-29T12:00:00Z',
  '2024-12-30T00:00:00Z',
  '2025-10-04T15:00:00Z',
  '2025-10-26T01:00:00Z',
  '2025-11-02T06:00:00Z',
  '2026-01-01T00:00:00Z',
  '2026-03-29T01:00:00Z',
  '2026-11-22T00:00:00Z',
].map((text) => Date.parse(text))

const distanceMs = fc.oneof(
  fc.integer({ min: -90, max: 90 }).map((minutes) => minutes * minuteMs),
  fc.integer({ min: -40, max: 40 }).map((hours) => hours * hourMs),
  fc.integer({ min: -400, max: 400 }).map((days) => days * dayMs),
)
const pastMs = fc
  .tuple(fc.constantFrom(...oddMoments), distanceMs)
  .map(([odd, distance]) => Math.min(odd + distance, nowMs))
const anyMs = fc.oneof(
  pastMs,
  distanceMs.map((distance) => nowMs + distance),
)

type Fields = Omit<RetentionSnapshot, 'id'>

/** What a run of an honest client leaves behind, whose clock may be anywhere. */
const honest: fc.Arbitrary<Fields> = fc
  .tuple(
    pastMs,
    fc.constantFrom(0, 1000, 20 * minuteMs, 5 * hourMs, 3 * dayMs, -dayMs),
    fc.constantFrom(0, 0, -1000, 90 * minuteMs, -40 * dayMs, 4000 * dayMs),
    fc.constantFrom('full', 'incremental', 'index'),
    fc.boolean(),
    fc.constantFrom('web1', 'web1', 'web2'),
    fc.constantFrom([], ['a'], ['b'], ['a', 'b']),
  )
  .map(([atMs, runMs, aheadMs, type, isVerified, hostname, tags]) => ({
    type,
    hostname,
    tags,
    paths: ['/srv'],
    parentId: null,
    startedAtMs: atMs + aheadMs - runMs,
    endedAtMs: atMs + aheadMs,
    recordedAtMs: atMs,
    receivedAtMs: atMs,
    verifiedAtMs: isVerified ? atMs : null,
    leaseEndedAtMs: null,
  }))

/** Anything that a client can write into a snapshot. */
const madeUp: fc.Arbitrary<Fields> = fc
  .tuple(
    fc.constantFrom('full', 'incremental'),
    fc.tuple(anyMs, anyMs, fc.option(anyMs), fc.option(pastMs)),
    fc.constantFrom(null, 1),
    fc.constantFrom('web1', 'web2'),
    fc.constantFrom(['/srv'], ['/etc', '/srv']),
    fc.constantFrom([], ['a']),
  )
  .map(([type, [startedAtMs, endedAtMs, recordedAtMs, receivedAtMs], verifiedAtMs, ...rest]) => ({
    type,
    startedAtMs,
    endedAtMs,
    recordedAtMs,
    receivedAtMs,
    verifiedAtMs,
    leaseEndedAtMs: null,
    hostname: rest[0],
    paths: rest[1],
    tags: rest[2],
    parentId: null,
  }))

function named(fields: readonly Fields[], prefix: string): RetentionSnapshot[] {
  return fields.map((one, index) => ({
    ...one,
    id: `${prefix}${index.toString(16)}`.padEnd(64, '0') as RetentionSnapshot['id'],
  }))
}

/** Every second has a parent, which need not be older. */
function withParents(history: readonly RetentionSnapshot[]): RetentionSnapshot[] {
  return history.map((one, index) =>
    index % 2 === 0 ? one : { ...one, parentId: history[(index * 5) % history.length].id },
  )
}

export const honestHistory: fc.Arbitrary<RetentionSnapshot[]> = fc
  .array(honest, { maxLength: 12 })
  .map((fields) => named(fields, 'a'))

export const anyHistory: fc.Arbitrary<RetentionSnapshot[]> = fc
  .array(fc.oneof(honest, madeUp), { maxLength: 12 })
  .map((fields) => withParents(named(fields, 'b')))

/** An honest history, and what somebody adds to it who may write any times, but not choose when it arrives: later. */
export interface PoisonedHistory {
  readonly good: readonly RetentionSnapshot[]
  readonly poison: readonly RetentionSnapshot[]
  /** Shortly after all of it. */
  readonly nowMs: number
}

export const poisonedHistory: fc.Arbitrary<PoisonedHistory> = fc
  .tuple(
    fc.array(honest, { minLength: 1, maxLength: 10 }),
    fc.array(fc.tuple(madeUp, fc.constantFrom(null, 0, 2 * minuteMs, 30 * hourMs, -dayMs)), {
      minLength: 1,
      maxLength: 8,
    }),
    fc.integer({ min: 1, max: 48 * 60 }),
    fc.boolean(),
  )
  .map(([goodFields, poisonFields, minutes, hasParents]) => {
    const good = named(goodFields, 'a')
    const lastMs = Math.max(...good.map(({ receivedAtMs }) => receivedAtMs ?? 0))
    const arrivalMs = lastMs + minutes * minuteMs
    const poison = named(
      poisonFields.map(([fields]) => fields),
      'e',
    ).map((one, index) => {
      // Times close to what could be true are the ones that may get through.
      const nearMs = poisonFields[index][1]
      const recordedAtMs = nearMs === null ? one.recordedAtMs : arrivalMs - nearMs
      const parentId = hasParents ? good[index % good.length].id : null
      return { ...one, recordedAtMs, receivedAtMs: arrivalMs + index, parentId, verifiedAtMs: null }
    })
    return { good, poison, nowMs: arrivalMs + minuteMs }
  })

export const count: fc.Arbitrary<number> = fc.constantFrom(0, 0, 1, 2, 3, 5, Infinity)

const span: fc.Arbitrary<CalendarSpan> = fc.record({
  years: fc.constantFrom(0, 0, 0, 1, 3),
  months: fc.constantFrom(0, 0, 1, 7, 13),
  days: fc.constantFrom(0, 0, 1, 30, 31),
  hours: fc.constantFrom(0, 0, 1, 25),
})

const keepPolicy: fc.Arbitrary<KeepPolicy> = fc
  .tuple(
    count,
    fc.tuple(count, count, count, count, count),
    fc.option(span, { nil: undefined }),
    fc.option(fc.tuple(fc.constantFrom(...retentionPeriods), span)),
    fc.constantFrom([], [], [['a']], [['a', 'b']], [['a'], ['b']]),
  )
  .map(([last, [hourly, daily, weekly, monthly, yearly], within, withinPeriod, tags]) => ({
    kind: 'keep',
    last,
    counts: { hourly, daily, weekly, monthly, yearly },
    within,
    withinPeriods: withinPeriod === null ? {} : { [withinPeriod[0]]: withinPeriod[1] },
    tags,
  }))

const limitPolicy: fc.Arbitrary<LimitPolicy> = fc.record({
  kind: fc.constant('limit'),
  ageDaysMax: fc.constantFrom(1, 2, 30, 400),
  countMax: fc.constantFrom(1, 2, 5, 10),
})

export const policy: fc.Arbitrary<KeepPolicy | LimitPolicy> = fc.oneof(
  { weight: 4, arbitrary: keepPolicy },
  { weight: 1, arbitrary: limitPolicy },
)

export const groupBy: fc.Arbitrary<ReadonlySet<Grouping>> = fc
  .subarray([...groupings])
  .map((some) => new Set(some))
