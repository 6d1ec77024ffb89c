import { describe, expect, it } from 'vitest'

import type { KeepPolicy, LimitPolicy } from '../../../../src/model/retention-policy.ts'
import {
  applyRetention,
  removesAll,
  type RetentionDecision,
} from '../../../../src/operations/retention/apply-retention.ts'
import { planRetention } from '../../../../src/operations/retention/plan-retention.ts'
import type { RetentionSnapshot } from '../../../../src/operations/retention/retention-snapshot.ts'
import { inZone, snapshotAt } from '../../../support/retention/retention-fixtures.ts'

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs
const nowMs = Date.parse('2026-11-23T12:00:00Z')
const circumstances = { nowMs: nowMs + 1, suspicious: new Map<string, string>() }

function keeping(rules: Partial<KeepPolicy>): KeepPolicy {
  return { kind: 'keep', last: 0, counts: {}, withinPeriods: {}, tags: [], ...rules }
}

/** The decisions about snapshots in the order in which they were given. */
function fates(
  snapshots: readonly RetentionSnapshot[],
  decisions: readonly RetentionDecision[],
): string[] {
  return snapshots.map(({ id }) => {
    const decision = decisions.find(({ snapshot }) => snapshot.id === id)
    return `${decision?.isKept === true ? 'keep' : 'remove'}: ${decision?.reasons.join(', ')}`
  })
}

/** One a day, the newest first. */
function days(count: number, fields: Partial<RetentionSnapshot> = {}): RetentionSnapshot[] {
  return Array.from({ length: count }, (_, index) => snapshotAt(nowMs - index * dayMs, fields))
}

describe('applyRetention()', () => {
  it('says of each removed snapshot why no rule keeps it', () => {
    const [today, earlier] = [snapshotAt(nowMs), snapshotAt(nowMs - hourMs)]
    const old = snapshotAt(nowMs - 40 * dayMs)
    const rules = keeping({
      last: 1,
      counts: { daily: 1 },
      within: { years: 0, months: 0, days: 0, hours: 1 },
      tags: [['a', 'b']],
    })
    const found = fates(
      [today, earlier, old],
      applyRetention([old, today, earlier], rules, circumstances),
    )
    expect(found).toEqual([
      'keep: within 1h, last snapshot, daily snapshot',
      'remove: not all of the tags [a, b], not within 1h, not among the last 1, not among the last 1 daily',
      'remove: not all of the tags [a, b], not within 1h, not among the last 1, not among the last 1 daily',
    ])
    const two = applyRetention(
      [earlier, today, old],
      keeping({ counts: { daily: 2 } }),
      circumstances,
    )
    expect(fates([earlier], two)).toEqual([`remove: daily: ${today.id.slice(0, 8)} is newer`])
  })

  it('keeps everything by a policy without rules', () => {
    const found = applyRetention(days(3), keeping({ counts: { daily: 0 } }), circumstances)
    expect(found.map(({ isKept }) => isKept)).toEqual([true, true, true])
  })

  it('counts with the start of the run by the clock of the storage', () => {
    const recorded = snapshotAt('2026-11-23T00:30:00Z', {
      startedAtMs: Date.parse('2030-01-01T00:00:00Z'),
      endedAtMs: Date.parse('2030-01-01T01:00:00Z'),
    })
    const [{ timeMs }] = applyRetention([recorded], keeping({ last: 1 }), circumstances)
    expect(new Date(timeMs).toISOString()).toBe('2026-11-22T23:30:00.000Z')
  })

  it('follows the calendar of the local time zone', () => {
    const evening = snapshotAt('2026-11-22T22:30:00Z')
    const night = snapshotAt('2026-11-22T23:30:00Z')
    const rules = keeping({ counts: { daily: 9 }, tags: [['x']] })
    const kept = (zone: string): number =>
      inZone(zone, () =>
        applyRetention([evening, night, snapshotAt('2026-11-20T00:00:00Z')], rules, circumstances),
      ).filter(({ isKept }) => isKept).length
    expect(kept('UTC')).toBe(2)
    expect(kept('Europe/Berlin')).toBe(3)
  })

  it('keeps the last verified full backup, whatever the policy says', () => {
    const [newest, full, older] = [
      snapshotAt(nowMs, { type: 'full' }),
      snapshotAt(nowMs - dayMs, { type: 'full', verifiedAtMs: nowMs }),
      snapshotAt(nowMs - 2 * dayMs, { type: 'full', verifiedAtMs: nowMs }),
    ]
    const all = [newest, full, older]
    expect(fates(all, applyRetention(all, keeping({ last: 1 }), circumstances))).toEqual([
      'keep: last snapshot',
      'keep: last verified full backup',
      'remove: not among the last 1',
    ])
  })

  it('does not take a snapshot with a suspicious time for the last verified full backup', () => {
    const good = snapshotAt(nowMs - dayMs, { type: 'full', verifiedAtMs: nowMs })
    const future = snapshotAt(nowMs + dayMs, { type: 'full', verifiedAtMs: nowMs })
    const suspicious = new Map([[future.id as string, 'its time is in the future']])
    const all = [good, future, snapshotAt(nowMs)]
    const found = applyRetention(all, keeping({ last: 1 }), { nowMs, suspicious })
    expect(fates(all, found)).toEqual([
      'keep: last verified full backup',
      'keep: suspicious: its time is in the future',
      'keep: last snapshot',
    ])
  })

  it('knows a policy that keeps nothing by itself', () => {
    const none = keeping({ tags: [['x']] })
    const future = snapshotAt(nowMs + dayMs)
    const full = snapshotAt(nowMs, { type: 'full', verifiedAtMs: nowMs })
    const suspicious = new Map([[future.id as string, 'its time is in the future']])
    const isAll = (...group: RetentionSnapshot[]): boolean =>
      removesAll(applyRetention(group, none, { nowMs, suspicious }))
    expect(isAll(...days(2))).toBe(true)
    expect(isAll(future, ...days(2))).toBe(true)
    expect(isAll(full, ...days(2))).toBe(true)
    expect(isAll(...days(2), snapshotAt(nowMs, { tags: ['x'] }))).toBe(false)
    // Nothing is removed of these.
    expect(isAll(future)).toBe(false)
    expect(isAll(full, future)).toBe(false)
    expect(isAll()).toBe(false)
  })

  it('removes by limits what is too old, then the oldest of too many', () => {
    const rules = { kind: 'limit', ageDaysMax: 4, countMax: 3 } as const
    const all = days(6)
    expect(fates(all, applyRetention(all, rules, { ...circumstances, nowMs }))).toEqual([
      'keep: not older than 4 days and among the newest 3',
      'keep: not older than 4 days and among the newest 3',
      'keep: not older than 4 days and among the newest 3',
      'remove: not among the newest 3',
      'remove: not among the newest 3',
      'remove: older than 4 days',
    ])
  })

  it('leaves the newest when by limits nothing would be left', () => {
    const rules = { kind: 'limit', ageDaysMax: 1, countMax: 3 } as const
    const all = [snapshotAt(nowMs - 9 * dayMs), snapshotAt(nowMs - 10 * dayMs)]
    expect(fates(all, applyRetention(all, rules, circumstances))).toEqual([
      'keep: newest of its group, nothing else would be left',
      'remove: older than 1 day',
    ])
    const full = snapshotAt(nowMs - 11 * dayMs, { type: 'full', verifiedAtMs: 1 })
    expect(fates(all, applyRetention([...all, full], rules, circumstances))).toEqual([
      'remove: older than 1 day',
      'remove: older than 1 day',
    ])
  })
})

describe('planRetention()', () => {
  const base = {
    policy: keeping({ last: 1 }),
    trustTimes: false,
    nowMs,
    clientNowMs: nowMs,
    isSelected: () => true,
  }

  it('applies the policy to each group by itself', () => {
    const all = [
      ...days(2, { paths: ['/a', '/b'], tags: ['x', 'y'] }),
      ...days(1, { paths: ['/b', '/a'], tags: ['y', 'x'] }),
      ...days(2, { hostname: 'web2', paths: ['/a'], tags: [] }),
    ]
    const counts = (...by: ('host' | 'paths' | 'tags')[]): number[] =>
      planRetention(all, { ...base, groupBy: new Set(by) }).map(
        ({ decisions }) => decisions.filter(({ isKept }) => !isKept).length,
      )
    expect(counts()).toEqual([4])
    expect(counts('host')).toEqual([2, 1])
    expect(counts('paths', 'tags')).toEqual([2, 1])
  })

  it('never puts copies of another repository into a group with others', () => {
    const original = { repositoryId: '1a'.repeat(16), snapshotId: '00'.repeat(32) }
    const all = [...days(3), ...days(2, { original })]
    const groups = planRetention(all, { ...base, groupBy: new Set() })
    expect(groups.map(({ copiedFrom }) => copiedFrom)).toEqual([undefined, original.repositoryId])
    const removed = groups.map(({ decisions }) => decisions.filter(({ isKept }) => !isKept).length)
    expect(removed).toEqual([2, 1])
  })

  it('says which groups a policy would leave nothing of, which limits never do', () => {
    const all = [...days(2), ...days(1, { hostname: 'web2', tags: ['x'] })]
    const options = { ...base, groupBy: new Set(['host'] as const) }
    const gone = (policy: typeof base.policy | LimitPolicy): boolean[] =>
      planRetention(all, { ...options, policy }).map((group) => group.removesAll)
    expect(gone(keeping({ tags: [['x']] }))).toEqual([true, false])
    expect(gone({ kind: 'limit', ageDaysMax: 0, countMax: 1 })).toEqual([false, false])
  })

  it('lets one clock alone, be it years ahead, make nothing old', () => {
    const removed = (clocks: { nowMs: number; clientNowMs: number }): number => {
      const policy = { kind: 'limit', ageDaysMax: 2, countMax: 9 } as const
      const [group] = planRetention(days(5), { ...base, ...clocks, policy, groupBy: new Set() })
      return group.decisions.filter(({ isKept }) => !isKept).length
    }
    const yearsAhead = nowMs + 4000 * dayMs
    expect(removed({ nowMs, clientNowMs: nowMs })).toBe(2)
    expect(removed({ nowMs, clientNowMs: yearsAhead })).toBe(2)
    expect(removed({ nowMs: yearsAhead, clientNowMs: nowMs })).toBe(2)
    expect(removed({ nowMs: yearsAhead, clientNowMs: yearsAhead })).toBe(4)
  })

  it('lets snapshots outside of the selection bear witness, and leaves them out', () => {
    const good = snapshotAt(nowMs - dayMs, { hostname: 'web2' })
    const backdated = snapshotAt(nowMs - 90 * dayMs, { receivedAtMs: nowMs })
    const options = {
      ...base,
      groupBy: new Set<never>(),
      isSelected: ({ hostname }: RetentionSnapshot) => hostname === 'web1',
    }
    const [group] = planRetention([good, backdated], options)
    expect(group.decisions).toMatchObject([{ snapshot: backdated, suspicion: expect.any(String) }])
    const [trusting] = planRetention([good, backdated], { ...options, trustTimes: true })
    expect(trusting.decisions[0].suspicion).toBeUndefined()
  })

  it('counts no late snapshot, also when times are trusted', () => {
    const good = snapshotAt(nowMs - dayMs)
    const late = snapshotAt(nowMs, { leaseEndedAtMs: nowMs - 1 })
    const [{ decisions }] = planRetention([good, late], {
      ...base,
      groupBy: new Set<never>(),
      trustTimes: true,
    })
    expect(decisions).toMatchObject([
      { snapshot: late, isKept: true, suspicion: expect.any(String) },
      { snapshot: good, isKept: true, reasons: ['last snapshot'] },
    ])
  })
})
