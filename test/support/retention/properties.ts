import fc from 'fast-check'

import {
  retentionPeriods,
  type KeepPolicy,
  type RetentionPeriod,
} from '../../../src/model/retention-policy.ts'
import {
  applyRetention,
  type RetentionDecision,
} from '../../../src/operations/retention/apply-retention.ts'
import { planRetention } from '../../../src/operations/retention/plan-retention.ts'
import {
  retentionTimeMs,
  type RetentionSnapshot,
} from '../../../src/operations/retention/retention-snapshot.ts'
import { findSuspiciousTimes } from '../../../src/operations/retention/suspicious-times.ts'
import {
  anyHistory,
  count,
  groupBy,
  nowMs,
  poisonedHistory,
  policy,
  type PoisonedHistory,
} from './histories.ts'
import { naiveKept, naiveSuspicious, naiveTimeMs, periodStart } from './naive-retention.ts'

/*
 * What must hold for every history and every policy. Plain comparisons: `expect` would take most of the time.
 */

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

function demand(holds: boolean, text: string): void {
  if (!holds) throw new Error(text)
}

function demandSame(found: Iterable<string>, wanted: Iterable<string>, text: string): void {
  const left = [...found].sort().join('\n')
  const right = [...wanted].sort().join('\n')
  demand(left === right, `${text}\nfound\n${left}\nwanted\n${right}`)
}

function keptIds(decisions: readonly RetentionDecision[]): Set<string> {
  return new Set(decisions.filter(({ isKept }) => isKept).map(({ snapshot }) => snapshot.id))
}

const none = new Map<string, string>()

/** The same as a naive model says, for times of any kind. */
const likeNaiveModel = fc.property(anyHistory, policy, (history, rules) => {
  const suspicious = findSuspiciousTimes(history, nowMs)
  const naive = naiveSuspicious(history, nowMs)
  demandSame(suspicious.keys(), naive, 'suspicious')
  const decisions = applyRetention(history, rules, { nowMs, suspicious })
  demandSame(keptIds(decisions), naiveKept(history, rules, { nowMs, suspicious: naive }), 'kept')
  for (const { timeMs, snapshot, reasons } of decisions) {
    demand(timeMs === naiveTimeMs(snapshot), 'time')
    demand(reasons.length > 0, 'a decision without a reason')
  }
  const trusting = applyRetention(history, rules, { nowMs, suspicious: none })
  demandSame(
    keptIds(trusting),
    naiveKept(history, rules, { nowMs, suspicious: new Set() }),
    'kept when times are trusted',
  )
})

/** The newest full backup that is verified and whose time is right stays, in each group and of all. */
const lastVerifiedFullStays = fc.property(anyHistory, policy, groupBy, (history, rules, by) => {
  const options = { policy: rules, groupBy: by, trustTimes: false, nowMs, clientNowMs: nowMs }
  const groups = planRetention(history, { ...options, isSelected: () => true })
  const kept = new Set(groups.flatMap(({ decisions }) => [...keptIds(decisions)]))
  const suspicious = naiveSuspicious(history, nowMs)
  const newestVerifiedFull = (some: readonly RetentionSnapshot[]): RetentionSnapshot[] =>
    some
      .filter(
        ({ id, type, verifiedAtMs }) => type === 'full' && verifiedAtMs && !suspicious.has(id),
      )
      .sort((a, b) => naiveTimeMs(b) - naiveTimeMs(a) || (a.id < b.id ? 1 : -1))
      .slice(0, 1)
  for (const some of [
    history,
    ...groups.map(({ decisions }) => decisions.map((one) => one.snapshot)),
  ]) {
    for (const { id } of newestVerifiedFull(some)) demand(kept.has(id), `${id} was removed`)
  }
  demand(kept.size > 0 || history.length === 0 || groups.every((one) => one.removesAll), 'refused')
})

/** A snapshot whose time is wrong changes nothing for the others. */
const suspiciousPushNothingOut = fc.property(poisonedHistory, policy, (history, rules) => {
  const { good, poison } = history
  const all = [...poison, ...good]
  const suspicious = findSuspiciousTimes(all, history.nowMs)
  for (const { id } of good) demand(!suspicious.has(id), `${id} became suspicious`)
  const right = all.filter(({ id }) => !suspicious.has(id))
  const alone = applyRetention(right, rules, { nowMs: history.nowMs, suspicious: none })
  const together = applyRetention(all, rules, { nowMs: history.nowMs, suspicious })
  demandSame(keptIds(together), [...keptIds(alone), ...suspicious.keys()], 'kept')
})

/**
 * Who adds snapshots with times of their own choice gets the places of periods between the last good snapshot and now, which they could have by
 * making backups, and no other: what a policy kept that has as many places less is still kept.
 */
const poisonEvictsNothingOlder = fc.property(
  poisonedHistory,
  fc.constantFrom(...retentionPeriods),
  count,
  (history, period, places) => {
    const { good, poison } = history
    const suspicious = findSuspiciousTimes([...good, ...poison], history.nowMs)
    const fromMs = Math.max(...good.map((one) => one.recordedAtMs ?? 0)) - 5 * minuteMs - dayMs
    for (const one of poison) {
      const timeMs = retentionTimeMs(one)
      const isPossible = timeMs >= fromMs && timeMs <= history.nowMs + 5 * minuteMs
      demand(isPossible || suspicious.has(one.id), 'an impossible time got through')
    }
    const reachable = periodsBetween(period, fromMs, history)
    const circumstances = { nowMs: history.nowMs, suspicious }
    const before = applyRetention(
      good,
      onlyCount(period, Math.max(0, places - reachable.size)),
      circumstances,
    )
    const after = keptIds(
      applyRetention([...good, ...poison], onlyCount(period, places), circumstances),
    )
    for (const { isKept, timeMs, snapshot } of places > reachable.size ? before : []) {
      if (!isKept || timeMs >= fromMs || reachable.has(periodStart[period](new Date(timeMs))))
        continue
      demand(after.has(snapshot.id), `${snapshot.id} was pushed out`)
    }
  },
)

function onlyCount(period: RetentionPeriod, places: number): KeepPolicy {
  return { kind: 'keep', last: 0, counts: { [period]: places }, withinPeriods: {}, tags: [] }
}

function periodsBetween(
  period: RetentionPeriod,
  fromMs: number,
  history: PoisonedHistory,
): Set<number | string> {
  const found = new Set<number | string>()
  const toMs = history.nowMs + 5 * minuteMs
  for (let ms = fromMs; ms < toMs; ms += 30 * minuteMs) found.add(periodStart[period](new Date(ms)))
  return found.add(periodStart[period](new Date(toMs)))
}

/** Name to property. */
export const retentionProperties: Readonly<Record<string, fc.IProperty<unknown>>> = {
  'keeps what a naive model keeps, whatever the times are': likeNaiveModel,
  'never removes the last verified full backup': lastVerifiedFullStays,
  'lets snapshots with wrong times push nothing out': suspiciousPushNothingOut,
  'lets nobody push out what is older by made-up times': poisonEvictsNothingOlder,
}
