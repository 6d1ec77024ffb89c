import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { backupStatistics } from '../../../src/monitoring/statistics/backup-statistics.ts'
import { dayStrip } from '../../../src/monitoring/statistics/day-strip.ts'
import { growthStatistics } from '../../../src/monitoring/statistics/growth-statistics.ts'
import { storageTrend } from '../../../src/monitoring/statistics/storage-trend.ts'
import { freshness } from '../../../src/monitoring/freshness.ts'
import { backup, dayMs, failure, hourMs, nowMs } from './monitoring-fixtures.ts'

describe('the documented numbers', () => {
  it('are exactly those of the documented endpoint', () => {
    const records = [
      backup(10 * 24, { size_bytes: 1024 ** 2, file_count: 3 }),
      backup(30, { backup_type: 'index', status: 'created' }),
      backup(20, { status: 'expired', size_bytes: 5e9 }),
      failure(5),
    ]
    expect(backupStatistics(records, nowMs)).toEqual({
      total_backups: 3,
      successful_backups: 2,
      failed_backups: 1,
      success_rate: 2 / 3,
      total_size_bytes: 1024 ** 2 + 1_000_000,
      total_size_mb: 1.95,
      total_files: 13,
      type_breakdown: { full: 2, index: 1 },
      recent_backups_7d: 2,
      oldest_backup: nowMs / 1000 - 10 * 24 * 3600,
      newest_backup: nowMs / 1000 - 30 * 3600,
    })
    expect(backupStatistics([], nowMs)).toMatchObject({
      total_backups: 0,
      success_rate: 0,
      oldest_backup: null,
      newest_backup: null,
    })
  })
})

const plan = { fullBackupDays: 7, incrementalHours: 24 }

describe('freshness', () => {
  it('takes a full backup for an incremental one, and not the other way round', () => {
    const records = [backup(9 * 24), backup(3, { backup_type: 'incremental' })]
    const [full, incremental, index] = freshness(records, plan, nowMs)
    expect(full).toMatchObject({ type: 'full', is_late: true })
    expect(full.due_at).toBe(new Date(nowMs - 2 * dayMs).toISOString())
    expect(incremental.is_late).toBe(false)
    expect(index).toEqual({
      type: 'index',
      last_success_at: null,
      last_attempt_at: null,
      due_at: null,
      is_late: false,
    })
    expect(freshness([backup(3)], plan, nowMs)[1].due_at).toBe(
      new Date(nowMs + 21 * hourMs).toISOString(),
    )
  })

  it('says nothing is late where nobody planned anything', () => {
    expect(freshness([], undefined, nowMs).some(({ is_late }) => is_late)).toBe(false)
  })

  it('misses what never ran since the repository was created', () => {
    const late = freshness([], plan, nowMs, { observedSinceMs: nowMs - 10 * dayMs })
    expect(late.slice(0, 2).map(({ is_late }) => is_late)).toEqual([true, true])
    const fresh = freshness([], plan, nowMs, { observedSinceMs: nowMs - hourMs })
    expect(fresh.some(({ is_late }) => is_late)).toBe(false)
  })

  it('follows cron expressions where there are any', () => {
    const everyDayAt10 = (type: string, afterMs: number): number | undefined => {
      if (type !== 'index') return undefined
      const day = Math.floor((afterMs - 10 * hourMs) / dayMs) + 1
      return day * dayMs + 10 * hourMs
    }
    const cron = { ...plan, nextRun: everyDayAt10 }
    const on = (hoursAgo: number) =>
      freshness([backup(hoursAgo, { backup_type: 'index' })], cron, nowMs)[2]
    // Now is 12:00: the run of 10:00 was due and is in its grace of six hours.
    expect(on(24)).toMatchObject({
      due_at: new Date(nowMs - 2 * hourMs).toISOString(),
      is_late: false,
    })
    expect(on(2)).toMatchObject({ due_at: new Date(nowMs + 22 * hourMs).toISOString() })
    expect(on(47)).toMatchObject({ is_late: true })
  })

  it('is never made better by records of the future or by failures', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e5, max: -1, noNaN: true }), fc.nat(500), (future, ago) => {
        const before = freshness([backup(ago)], plan, nowMs)
        const after = freshness([backup(ago), backup(future), failure(1)], plan, nowMs)
        expect(after.map(({ is_late }) => is_late)).toEqual(before.map(({ is_late }) => is_late))
      }),
    )
  })
})

describe('the strip of days', () => {
  const observedSinceMs = nowMs - 365 * dayMs

  it('counts runs, failures and what was missed', () => {
    // Nothing between five days and two days ago.
    const records = [
      ...Array.from({ length: 25 }, (_, day) => backup((day + 5) * 24)),
      backup(48),
      failure(24),
      backup(1),
    ]
    const days = dayStrip(records, { nowMs, plan, observedSinceMs })
    expect(days).toHaveLength(30)
    expect(days.slice(-6).map(({ runs, failures, missed }) => [runs, failures, missed])).toEqual([
      [1, 0, 0],
      [0, 0, 1],
      [0, 0, 1],
      [1, 0, 0],
      [1, 1, 0],
      [1, 0, 0],
    ])
    expect(days.at(-1)?.bytes_added).toBe(100_000)
    expect(days.at(-1)?.date).toBe('2026-07-15')
  })

  it('misses nothing where nothing is planned, and nothing before the repository was there', () => {
    expect(dayStrip([], { nowMs, observedSinceMs }).every(({ missed }) => missed === 0)).toBe(true)
    const young = dayStrip([], { nowMs, plan, observedSinceMs: nowMs - 4 * dayMs })
    expect(young.reduce((sum, { missed }) => sum + missed, 0)).toBe(3)
  })

  it('does not take a backup that retention removed for a missed one', () => {
    const records = Array.from({ length: 31 }, (_, day) => backup(day * 24, { status: 'expired' }))
    const days = dayStrip(records, { nowMs, plan, observedSinceMs })
    expect(days.every(({ missed }) => missed === 0)).toBe(true)
  })

  it('counts every run of the last thirty days once', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 29 * 24, noNaN: true })), (hours) => {
        const records = hours.map((ago) => backup(ago))
        const days = dayStrip(records, { nowMs, observedSinceMs })
        expect(days.reduce((sum, { runs }) => sum + runs, 0)).toBe(records.length)
      }),
    )
  })
})

describe('the storage trend', () => {
  it('ends at what is stored, and puts on what was deleted since', () => {
    const records = [
      backup(72, { size_bytes: 1000 }, { stored_bytes_added: 500 }),
      backup(
        48,
        { size_bytes: 1100, status: 'expired' },
        { stored_bytes_added: 100, deleted_at: (nowMs - 24 * hourMs) / 1000 },
      ),
      backup(1, { size_bytes: 1200 }, { stored_bytes_added: 50 }),
    ]
    const trend = storageTrend(records, { nowMs, storedBytes: 550, days: 5 })
    expect(trend.map((point) => [point.stored_bytes, point.source_bytes])).toEqual([
      [0, 0],
      [500, 1000],
      [600, 2100],
      [500, 1000],
      [550, 2200],
    ])
  })

  it('is never negative', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000)), fc.nat(), (hours, storedBytes) => {
        const trend = storageTrend(
          hours.map((ago) => backup(ago)),
          { nowMs, storedBytes },
        )
        expect(trend.at(-1)?.stored_bytes).toBe(storedBytes)
        for (const { stored_bytes } of trend) expect(stored_bytes).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})

describe('growth', () => {
  it('gives ratios, durations, frequency and slope for each type', () => {
    const records = [
      backup(48, { size_bytes: 1000 }, { data_bytes_added: 1000, stored_bytes_added: 400 }),
      backup(24, { size_bytes: 1200 }, { data_bytes_added: 100, stored_bytes_added: 50 }),
      failure(12),
      backup(1, { backup_type: 'config', size_bytes: 10 }),
    ]
    const { all, by_type } = growthStatistics(records, nowMs)
    expect(by_type.map(({ type }) => type)).toEqual(['full', 'config'])
    expect(by_type[0]).toMatchObject({
      runs: 3,
      failures: 1,
      backups: 2,
      size_bytes: 2200,
      newest_size_bytes: 1200,
      dedup_ratio: 2,
      average_duration_seconds: 60,
      newest_age_seconds: 86_400,
      growth_bytes_per_day: 200,
    })
    expect(by_type[0].compression_ratio).toBeCloseTo(1100 / 450)
    expect(all.runs_per_week).toBeCloseTo((4 / 30) * 7)
    expect(all.growth_bytes_per_day).toBe(200)
    expect(growthStatistics([], nowMs).all).toMatchObject({ success_rate: null, dedup_ratio: null })
  })

  it('tells no slope from backups of one day', () => {
    const records = [backup(25, { size_bytes: 1000 }), backup(2, { size_bytes: 1500 })]
    expect(growthStatistics(records, nowMs).all.growth_bytes_per_day).toBeNull()
  })
})
