import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { BackupRecord } from '../../../src/model/backup-record.ts'
import type { AlertRule } from '../../../src/model/alert-rule.ts'
import type { AlertState } from '../../../src/monitoring/alerts/alert.ts'
import { evaluateAlerts, type AlertFacts } from '../../../src/monitoring/alerts/evaluate-alerts.ts'
import { freshness } from '../../../src/monitoring/freshness.ts'
import { backup, dayMs, failure, hourMs, nowMs, thresholds } from './monitoring-fixtures.ts'

function evaluate(
  records: readonly BackupRecord[],
  more: Partial<AlertFacts> = {},
): Map<AlertRule, AlertState> {
  const states = evaluateAlerts({ records, thresholds, nowMs, ...more })
  return new Map(states.map((state) => [state.rule, state]))
}

function raised(records: readonly BackupRecord[], more: Partial<AlertFacts> = {}): AlertRule[] {
  return [...evaluate(records, more).values()]
    .filter(({ is_raised }) => is_raised)
    .map(({ rule }) => rule)
}

const many = Array.from({ length: 20 }, (_, index) => backup(index))

describe('the rules', () => {
  it.each<[name: string, records: BackupRecord[], more: Partial<AlertFacts>, rules: AlertRule[]]>([
    ['nothing is wrong', [backup(3)], {}, []],
    ['there is no backup', [], {}, ['no_recent_backup']],
    ['the newest is exactly 48 h old', [backup(48)], {}, []],
    ['the newest is older than 48 h', [backup(48.01)], {}, ['no_recent_backup']],
    ['the newest is deleted', [backup(1, { status: 'expired' })], {}, ['no_recent_backup']],
    [
      'only the failed ones are recent',
      [backup(50), ...many.map(() => failure(1))],
      {},
      ['no_recent_backup', 'failed_backups', 'low_success_rate'],
    ],
    ['the newest is from the future', [backup(-1)], {}, ['no_recent_backup']],
    ['one from the future hides no old one', [backup(60), backup(-100)], {}, ['no_recent_backup']],
    [
      'a client was ahead, the storage was not',
      [backup(-100, {}, { recorded_at: nowMs / 1000 })],
      {},
      [],
    ],
    ['2 of 20 failed', [...many.slice(2), failure(1), failure(2)], {}, []],
    [
      '3 of 20 failed',
      [...many.slice(3), failure(1), failure(2), failure(3)],
      {},
      ['failed_backups', 'low_success_rate'],
    ],
    [
      'they failed before the window',
      [...many.slice(10), ...many.map(() => failure(31 * 24))],
      {},
      [],
    ],
    [
      'a deleted run counts as a run',
      [backup(1), failure(2), ...many.map((one): BackupRecord => ({ ...one, status: 'expired' }))],
      {},
      [],
    ],
    ['1 GiB exactly', [backup(1, { size_bytes: 1024 ** 3 })], {}, []],
    ['more than 1 GiB', [backup(1, { size_bytes: 1024 ** 3 + 1 })], {}, ['large_backup']],
    ['a smaller one followed', [backup(2, { size_bytes: 1e10 }), backup(1)], {}, []],
    [
      'one of another type is large',
      [backup(2, { size_bytes: 1e10, backup_type: 'index' }), backup(1)],
      {},
      ['large_backup'],
    ],
    [
      'a verification found damage',
      [...many, backup(3, { status: 'failed' }, { damaged_at: 1 })],
      {},
      ['damage_found'],
    ],
    [
      'damaged packs are on record',
      [backup(1)],
      { damage: { packs: 1, vanished: 0, sinceMs: null } },
      ['damage_found'],
    ],
    [
      'a backup is gone',
      [backup(1)],
      { damage: { packs: 0, vanished: 1, sinceMs: null } },
      ['damage_found'],
    ],
    [
      'the last drill succeeded',
      [backup(1)],
      { lastDrill: { atMs: 1, isOk: true, message: '' } },
      [],
    ],
    [
      'the last drill failed',
      [backup(1)],
      { lastDrill: { atMs: 1, isOk: false, message: 'x' } },
      ['drill_failed'],
    ],
    [
      'nothing was verified for 29 days',
      [backup(1, {}, { verified_at: null }), backup(29 * 24, {}, { verified_at: null })],
      {},
      [],
    ],
    [
      'nothing was verified for 31 days',
      [backup(1, {}, { verified_at: null }), backup(31 * 24, {}, { verified_at: null })],
      {},
      ['verification_overdue'],
    ],
    [
      'packs were read',
      [backup(1, {}, { verified_at: null }), backup(31 * 24, {}, { verified_at: null })],
      { lastCheckMs: nowMs - dayMs },
      [],
    ],
    [
      'a verification of the future proves nothing',
      [
        backup(1, {}, { verified_at: nowMs / 1000 + 1e6 }),
        backup(31 * 24, {}, { verified_at: null }),
      ],
      {},
      ['verification_overdue'],
    ],
    [
      'the incremental is late',
      [backup(31)],
      { freshness: freshness([backup(31)], { fullBackupDays: 7, incrementalHours: 24 }, nowMs) },
      ['schedule_missed'],
    ],
    [
      'the incremental is in its grace',
      [backup(29)],
      { freshness: freshness([backup(29)], { fullBackupDays: 7, incrementalHours: 24 }, nowMs) },
      [],
    ],
  ])('when %s', (_, records, more, rules) => {
    expect(raised(records, more)).toEqual(rules)
  })

  it('say since when, also where no daemon ran', () => {
    const state = evaluate([backup(72)]).get('no_recent_backup')
    expect(state).toEqual({
      rule: 'no_recent_backup',
      is_raised: true,
      since: new Date(nowMs - 24 * hourMs).toISOString(),
      value: 72,
      threshold: 48,
      message: 'The newest backup is 3 d 00 h old, more than 2 d 00 h',
    })
  })

  it('take the time of the journal where the records tell none', () => {
    const openSince = new Map<AlertRule, number>([['failed_backups', nowMs - dayMs]])
    const states = evaluate([backup(1), failure(2)], { openSince })
    expect(states.get('failed_backups')?.since).toBe(new Date(nowMs - dayMs).toISOString())
    expect(states.get('low_success_rate')?.since).toBe(new Date(nowMs).toISOString())
    expect(states.get('large_backup')?.since).toBeNull()
  })
})

const someRecord = fc
  .record({
    hoursAgo: fc.double({ min: -500, max: 2000, noNaN: true }),
    status: fc.constantFrom('created', 'verified', 'failed', 'expired'),
    isNone: fc.boolean(),
    bytes: fc.nat(),
  })
  .map(({ hoursAgo, status, isNone, bytes }) =>
    isNone ? failure(hoursAgo) : backup(hoursAgo, { status, size_bytes: bytes }),
  )

describe('whatever the records are', () => {
  it('every rule is there once, and a raised one has a time that is not in the future', () => {
    fc.assert(
      fc.property(fc.array(someRecord), (records) => {
        const states = evaluateAlerts({ records, thresholds, nowMs })
        expect(new Set(states.map(({ rule }) => rule)).size).toBe(8)
        for (const { is_raised, since } of states) expect(since === null).toBe(!is_raised)
      }),
    )
  })

  it('records of the future and failures never take an alarm about missing backups away', () => {
    const useless = fc.oneof(
      fc.double({ min: -1e6, max: -1, noNaN: true }).map((hours) => backup(hours)),
      fc.double({ min: -1e3, max: 1e3, noNaN: true }).map((hours) => failure(hours)),
    )
    fc.assert(
      fc.property(fc.array(someRecord), fc.array(useless), (records, more) => {
        const before = raised(records)
        const after = raised([...records, ...more])
        if (before.includes('no_recent_backup')) expect(after).toContain('no_recent_backup')
        const failures = more.every(({ status }) => status === 'failed')
        if (failures && before.includes('failed_backups')) expect(after).toContain('failed_backups')
      }),
    )
  })

  it('time alone raises the alarm', () => {
    fc.assert(
      fc.property(fc.array(someRecord), (records) => {
        const laterMs = nowMs + 600 * dayMs
        const states = evaluateAlerts({ records, thresholds, nowMs: laterMs })
        expect(states.find(({ rule }) => rule === 'no_recent_backup')?.is_raised).toBe(true)
      }),
    )
  })
})
