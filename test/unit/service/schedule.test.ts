import { describe, expect, it } from 'vitest'

import type { BackupRecord, BackupStatus } from '../../../src/model/backup-record.ts'
import { decideSchedule } from '../../../src/model/schedule.ts'
import type { BackupType } from '../../../src/model/snapshot.ts'
import { hasJumped, lookEveryMs, napMs, nextLook } from '../../../src/service/daemon/next-look.ts'
import { RetryTimes } from '../../../src/service/daemon/retry-times.ts'
import { readCronTimes } from '../../../src/service/schedule/cron-times.ts'
import { dueJobs, type DueFacts } from '../../../src/service/schedule/due-jobs.ts'
import type { JobKind } from '../../../src/service/schedule/job-kinds.ts'

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs
const nowMs = Date.UTC(2026, 10, 26, 12)
const intervals = { fullBackupDays: 7, incrementalHours: 24 }

function backup(type: BackupType, atMs: number, status: BackupStatus = 'verified'): BackupRecord {
  return {
    backup_id: `backup_${Math.floor(atMs / 1000)}`,
    backup_type: type,
    created_at: atMs / 1000,
    size_bytes: 1,
    file_count: 1,
    checksum: '',
    status,
    description: '',
    files: null,
    metadata: { backup_path: null, compression: true },
  }
}

describe('decideSchedule', () => {
  const decide = (records: readonly BackupRecord[], needsVerification?: boolean) =>
    decideSchedule({
      records,
      schedule: intervals,
      nowMs,
      ...(needsVerification !== undefined && { needsVerification }),
    })

  it('makes a full backup when no verified one is young enough', () => {
    expect(decide([])).toBe('full')
    expect(decide([backup('full', nowMs - 8 * dayMs)])).toBe('full')
    expect(decide([backup('full', nowMs - hourMs, 'created')])).toBe('full')
    expect(decide([backup('full', nowMs - hourMs, 'failed')])).toBe('full')
    expect(decide([backup('index', nowMs - hourMs)])).toBe('full')
  })

  it('makes an incremental one when the newest is too old, and nothing when it is not', () => {
    const full = backup('full', nowMs - 2 * dayMs)
    expect(decide([full])).toBe('incremental')
    expect(decide([full, backup('incremental', nowMs - hourMs, 'created')])).toBe(null)
    expect(decide([full, backup('incremental', nowMs - hourMs, 'failed')])).toBe('incremental')
    expect(decide([full, backup('config', nowMs - hourMs)])).toBe('incremental')
  })

  it('counts unverified full backups where nothing is verified', () => {
    expect(decide([backup('full', nowMs - hourMs, 'created')], false)).toBe(null)
  })

  it('finds the run of yesterday old enough, also where clocks were put forward', () => {
    const full = backup('full', nowMs - 2 * dayMs)
    const yesterday = (ageMs: number) => decide([full, backup('incremental', nowMs - ageMs)])
    expect(yesterday(dayMs - 60_000)).toBe('incremental')
    expect(yesterday(23 * hourMs - 60_000)).toBe('incremental')
    expect(yesterday(22 * hourMs)).toBe(null)
  })

  it('is not fooled by a backup from the future', () => {
    expect(decide([backup('full', nowMs + 300 * dayMs)])).toBe('full')
    const recorded = { ...backup('full', nowMs + 300 * dayMs) }
    const metadata = { ...recorded.metadata, recorded_at: (nowMs - hourMs) / 1000 }
    expect(decide([{ ...recorded, metadata }])).toBe(null)
  })
})

describe('dueJobs', () => {
  async function due(
    schedule: Readonly<Record<string, string>>,
    fields: Partial<DueFacts> & { readonly last?: Partial<Record<JobKind, number>> } = {},
  ): Promise<JobKind[]> {
    const nextTime = await readCronTimes({ timeZone: 'UTC', ...schedule })
    return dueJobs({
      records: [],
      intervals,
      needsVerification: true,
      nextTime,
      lastMs: (kind) => fields.last?.[kind],
      sinceMs: nowMs - 100 * dayMs,
      nowMs,
      ...fields,
    })
  }
  const fresh = [backup('full', nowMs - hourMs)]

  it('goes by the intervals without expressions', async () => {
    expect(await due({})).toEqual(['full'])
    expect(await due({}, { records: fresh })).toEqual([])
  })

  it('does once what was missed, however often', async () => {
    const schedule = { full: '0 2 * * *', verify: '0 3 * * 0' }
    const last = { full: nowMs - 10 * dayMs, verify: nowMs - 30 * dayMs }
    expect(await due(schedule, { records: fresh, last })).toEqual(['full', 'verify'])
    const after = { full: nowMs, verify: nowMs }
    expect(await due(schedule, { records: fresh, last: after })).toEqual([])
    const nextDay = { records: fresh, last: after, nowMs: nowMs + 15 * hourMs }
    expect(await due(schedule, nextDay)).toEqual(['full'])
  })

  it('takes a full backup for the incremental one of the same moment', async () => {
    const schedule = { full: '0 2 * * 0', incremental: '0 2 * * *' }
    const sunday = Date.UTC(2026, 10, 29, 2, 0, 1)
    const last = { full: sunday - 7 * dayMs, incremental: sunday - dayMs }
    expect(await due(schedule, { nowMs: sunday, last })).toEqual(['full'])
    const done = { full: sunday, incremental: sunday - dayMs }
    expect(await due(schedule, { nowMs: sunday + 60_000, last: done })).toEqual([])
  })

  it('repeats nothing when the clock is set back a little, and waits for nobody when by much', async () => {
    const schedule = { drill: '0 * * * *' }
    const back = (ms: number) => due(schedule, { records: fresh, last: { drill: nowMs + ms } })
    expect(await back(hourMs)).toEqual([])
    expect(await back(400 * dayMs)).toEqual(['drill'])
  })

  it('follows the local time through the change of clocks', async () => {
    const nextTime = await readCronTimes({ full: '30 2 * * *', timeZone: 'Europe/Berlin' })
    // 2026-03-29 has no 02:30 there, 2026-10-25 has it twice.
    const times = (fromMs: number): number => {
      let count = 0
      for (let at = nextTime('full', fromMs); at !== undefined && at < fromMs + dayMs;) {
        count += 1
        at = nextTime('full', at)
      }
      return count
    }
    expect(times(Date.UTC(2026, 2, 28, 23))).toBe(1)
    expect(times(Date.UTC(2026, 9, 24, 22))).toBe(1)
  })

  it('names an expression that means nothing', async () => {
    await expect(readCronTimes({ full: '99 2 * * *' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('holdfast.schedule.full') as string,
    })
  })
})

describe('the sleep of the daemon', () => {
  it('ends at the next expression, and after ten minutes', async () => {
    const nextTime = await readCronTimes({ full: '5 * * * *', timeZone: 'UTC' })
    expect(nextLook(nextTime, nowMs)).toBe(nowMs + 5 * 60_000)
    expect(nextLook(() => undefined, nowMs)).toBe(nowMs + lookEveryMs)
    expect(napMs(nowMs + hourMs, nowMs)).toBe(15_000)
    expect(napMs(nowMs - 1, nowMs)).toBe(0)
  })

  it('notices that the clock was set, either way', () => {
    expect(hasJumped(nowMs, nowMs + 60_000)).toBe(false)
    expect(hasJumped(nowMs, nowMs + hourMs)).toBe(true)
    expect(hasJumped(nowMs, nowMs - hourMs)).toBe(true)
  })

  it('tries what failed again, later each time, and at once after a success', () => {
    const retries = new RetryTimes()
    expect(retries.fail('full', nowMs)).toBe(nowMs + 5 * 60_000)
    expect(retries.mayRun('full', nowMs + 60_000)).toBe(false)
    expect(retries.mayRun('full', nowMs + 5 * 60_000)).toBe(true)
    expect(retries.fail('full', nowMs)).toBe(nowMs + 10 * 60_000)
    expect(retries.mayRun('full', nowMs - hourMs)).toBe(true)
    for (let count = 0; count < 20; count++) retries.fail('full', nowMs)
    expect(retries.mayRun('full', nowMs + 4 * hourMs)).toBe(true)
    retries.succeed('full')
    expect(retries.mayRun('full', nowMs)).toBe(true)
  })
})
