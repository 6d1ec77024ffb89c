import type { BackupRecord } from '../../../src/model/backup-record.ts'
import type { Report } from '../../../src/monitoring/report/report.ts'
import { evaluateAlerts } from '../../../src/monitoring/alerts/evaluate-alerts.ts'
import { freshness } from '../../../src/monitoring/freshness.ts'
import { backupStatistics } from '../../../src/monitoring/statistics/backup-statistics.ts'
import { dayStrip } from '../../../src/monitoring/statistics/day-strip.ts'
import { growthStatistics } from '../../../src/monitoring/statistics/growth-statistics.ts'
import { storageTrend } from '../../../src/monitoring/statistics/storage-trend.ts'
import { verdict } from '../../../src/monitoring/verdict.ts'
import { backup, dayMs, failure, nowMs, thresholds } from '../monitoring/monitoring-fixtures.ts'

export const failedRun: BackupRecord = failure(5, { description: 'Failed: no\u001bspace' })

/** What the real functions say of these records. */
export function reportFixture(records: readonly BackupRecord[] = [backup(72), failedRun]): Report {
  const plan = { fullBackupDays: 7, incrementalHours: 24 }
  const fresh = freshness(records, plan, nowMs)
  const alerts = evaluateAlerts({ records, thresholds, nowMs, freshness: fresh })
  const { all, by_type } = growthStatistics(records, nowMs)
  return {
    at: new Date(nowMs).toISOString(),
    verdict: verdict({ records, alerts, nowMs }),
    statistics: backupStatistics(records, nowMs),
    freshness: fresh,
    days: dayStrip(records, { nowMs, plan, observedSinceMs: nowMs - 30 * dayMs }),
    last_drill: { at: new Date(nowMs - dayMs).toISOString(), result: 'ok', files: 20 },
    last_check: null,
    storage: {
      stored_bytes: 500_000,
      unique_bytes: 900_000,
      source_bytes: 1_000_000,
      dedup_ratio: 10 / 9,
      compression_ratio: 9 / 5,
      trend: storageTrend(records, { nowMs, storedBytes: 500_000 }),
    },
    growth: all,
    by_type,
    alerts,
    repository: { id: '0f'.repeat(16), location: '/repo', is_encrypted: false },
    alert_history: [],
    recent: [...records].reverse(),
  }
}
