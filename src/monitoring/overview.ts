import type { Repository } from '../repository/repository.ts'
import type { AlertState } from './alerts/alert.ts'
import {
  assessRepository,
  type Assessment,
  type LastCheck,
  type LastDrill,
  type MonitoringSettings,
} from './assess-repository.ts'
import type { TypeFreshness } from './freshness.ts'
import type { BackupStatistics } from './statistics/backup-statistics.ts'
import { dayStrip, type DaySummary } from './statistics/day-strip.ts'
import {
  growthStatistics,
  type GrowthStatistics,
  type TypeGrowth,
} from './statistics/growth-statistics.ts'
import { storageTrend } from './statistics/storage-trend.ts'
import type { StorageSummary } from './storage-summary.ts'
import type { Verdict } from './verdict.ts'

/** What the dashboard, the report and the metrics show: plain data, ready for JSON. */
export interface Overview {
  /** ISO 8601 */
  readonly at: string
  readonly verdict: Verdict
  readonly statistics: BackupStatistics
  readonly freshness: readonly TypeFreshness[]
  readonly days: readonly DaySummary[]
  readonly last_drill: LastDrill | null
  readonly last_check: LastCheck | null
  readonly storage: StorageSummary
  readonly growth: GrowthStatistics
  readonly by_type: readonly TypeGrowth[]
  readonly alerts: readonly AlertState[]
  readonly repository: {
    readonly id: string
    readonly location: string
    readonly is_encrypted: boolean
  }
}

/** Looks at the repository as it is now. Writes nothing. */
export function overviewOf(
  repository: Repository,
  settings: MonitoringSettings,
  nowMs: number = repository.clock.nowMs(),
): Overview {
  return overviewFrom(repository, settings, assessRepository(repository, settings, nowMs))
}

/** The same where the repository has been looked at already. */
export function overviewFrom(
  repository: Repository,
  { plan }: MonitoringSettings,
  assessment: Assessment,
): Overview {
  const { records, nowMs } = assessment
  const { all, by_type } = growthStatistics(records, nowMs)
  return {
    at: new Date(nowMs).toISOString(),
    verdict: assessment.verdict,
    statistics: assessment.statistics,
    freshness: assessment.freshness,
    days: dayStrip(records, { nowMs, plan, observedSinceMs: repository.config.createdAtMs }),
    last_drill: assessment.lastDrill,
    last_check: assessment.lastCheck,
    storage: storageOf(repository, assessment),
    growth: all,
    by_type,
    alerts: assessment.alerts,
    repository: {
      id: repository.repositoryId,
      location: repository.location,
      is_encrypted: repository.isEncrypted,
    },
  }
}

function storageOf(repository: Repository, { records, nowMs }: Assessment): StorageSummary {
  const { storedBytes, uniqueBytes } = repository.catalogue.blobs.totals()
  const sourceBytes = records
    .filter(({ status }) => status !== 'expired')
    .reduce((sum, { size_bytes }) => sum + size_bytes, 0)
  return {
    stored_bytes: storedBytes,
    unique_bytes: uniqueBytes,
    source_bytes: sourceBytes,
    dedup_ratio: uniqueBytes === 0 ? null : sourceBytes / uniqueBytes,
    compression_ratio: storedBytes === 0 ? null : uniqueBytes / storedBytes,
    trend: storageTrend(records, { nowMs, storedBytes }),
  }
}
