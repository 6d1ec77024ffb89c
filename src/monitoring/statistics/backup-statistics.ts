import type { BackupRecord } from '../../model/backup-record.ts'
import type { BackupType } from '../../model/snapshot.ts'
import { isOfPast } from '../records/run.ts'

/** The answer of `GET /admin/backup/status`; the names are those of the documented system. */
export interface BackupStatistics {
  readonly total_backups: number
  readonly successful_backups: number
  readonly failed_backups: number
  /** 0 to 1; 0 while there is none. */
  readonly success_rate: number
  readonly total_size_bytes: number
  readonly total_size_mb: number
  readonly total_files: number
  readonly type_breakdown: Readonly<Partial<Record<BackupType, number>>>
  readonly recent_backups_7d: number
  /** Seconds since the epoch, of those that succeeded. */
  readonly oldest_backup: number | null
  readonly newest_backup: number | null
}

const weekSeconds = 7 * 24 * 60 * 60

/**
 * The documented numbers. Deleted backups do not count. The oldest and the newest are those that succeeded, because clients take the age of
 * the newest for the time since the last backup.
 */
export function backupStatistics(
  records: readonly BackupRecord[],
  nowMs: number,
): BackupStatistics {
  const counted = records.filter(({ status }) => status !== 'expired')
  const successful = counted.filter(({ status }) => status !== 'failed')
  const bytes = counted.reduce((sum, { size_bytes }) => sum + size_bytes, 0)
  const breakdown: Partial<Record<BackupType, number>> = {}
  for (const { backup_type: type } of counted) breakdown[type] = (breakdown[type] ?? 0) + 1
  const nowSeconds = nowMs / 1000
  const times = successful
    .map(({ created_at }) => created_at)
    .filter((at) => isOfPast(at * 1000, nowMs))
  return {
    total_backups: counted.length,
    successful_backups: successful.length,
    failed_backups: counted.length - successful.length,
    success_rate: counted.length === 0 ? 0 : successful.length / counted.length,
    total_size_bytes: bytes,
    total_size_mb: Math.round((bytes / 1024 ** 2) * 100) / 100,
    total_files: counted.reduce((sum, { file_count }) => sum + file_count, 0),
    type_breakdown: breakdown,
    recent_backups_7d: counted.filter(
      ({ created_at: at }) => at >= nowSeconds - weekSeconds && isOfPast(at * 1000, nowMs),
    ).length,
    oldest_backup: times.length === 0 ? null : times.reduce((a, b) => Math.min(a, b)),
    newest_backup: times.length === 0 ? null : times.reduce((a, b) => Math.max(a, b)),
  }
}
