import type { BackupRecord } from '../model/backup-record.ts'
import type { MonitoringSettings } from '../monitoring/assess-repository.ts'
import type { Overview } from '../monitoring/overview.ts'
import type { Report } from '../monitoring/report/report.ts'
import type { Repository } from '../repository/repository.ts'

/** What the commands call of monitoring. */
export interface MonitoringLibrary {
  /** Snapshots and runs that failed, oldest first. */
  listBackups(repository: Repository): Promise<readonly BackupRecord[]>
  overview(repository: Repository, settings: MonitoringSettings): Promise<Overview>
  report(repository: Repository, settings: MonitoringSettings): Promise<Report>
}
