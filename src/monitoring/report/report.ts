import type { BackupRecord } from '../../model/backup-record.ts'
import type { Repository } from '../../repository/repository.ts'
import { alertHistory, type AlertChange } from '../alerts/alert-history.ts'
import { assessRepository, type MonitoringSettings } from '../assess-repository.ts'
import { overviewFrom, type Overview } from '../overview.ts'

/** Everything that `holdfast report` tells; plain data, ready for JSON. */
export interface Report extends Overview {
  /** Changes, newest first. */
  readonly alert_history: readonly AlertChange[]
  /** The newest runs, newest first, deleted ones included. */
  readonly recent: readonly BackupRecord[]
}

const historyMax = 50
const recentMax = 30

/** Looks at the repository as it is now. Writes nothing. */
export function reportOf(
  repository: Repository,
  settings: MonitoringSettings,
  nowMs: number = repository.clock.nowMs(),
): Report {
  const assessment = assessRepository(repository, settings, nowMs)
  return {
    ...overviewFrom(repository, settings, assessment),
    alert_history: alertHistory(repository, { limit: historyMax }),
    recent: assessment.records.slice(-recentMax).reverse(),
  }
}
