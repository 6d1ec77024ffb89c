import type { BackupRecord } from '../../model/backup-record.ts'
import { runsOf } from '../records/run.ts'
import type { StoragePoint } from '../storage-summary.ts'
import { lastDays } from './calendar-days.ts'

export interface StorageTrendOptions {
  readonly nowMs: number
  /** What the packs have now. */
  readonly storedBytes: number
  readonly days?: number
}

const trendDaysDefault = 30

/**
 * What the repository held on each of the last days, oldest first.
 *
 * Nobody writes down how much a prune freed. So the trend starts from what is stored now and goes back: what later backups added is taken
 * off, and what later deletions gave up is put on, each as if it had freed at once exactly what its backup had added. In truth a prune frees it
 * some days later, and less where other backups share it. The last point is exact, and so are the sizes of the files.
 *
 * @param records with the deleted ones
 */
export function storageTrend(
  records: readonly BackupRecord[],
  { nowMs, storedBytes, days = trendDaysDefault }: StorageTrendOptions,
): StoragePoint[] {
  const runs = runsOf(records).filter(({ outcome }) => outcome !== 'none')
  return lastDays(days, nowMs).map(({ date, endMs }) => {
    let stored = storedBytes
    let source = 0
    for (const { atMs, deletedAtMs, storedBytes: added, bytes } of runs) {
      const isThere = atMs < endMs && (deletedAtMs === null || deletedAtMs >= endMs)
      if (isThere) source += bytes
      if (added === null) continue
      if (atMs >= endMs) stored -= added
      if (deletedAtMs !== null && deletedAtMs >= endMs) stored += added
    }
    return { date, stored_bytes: Math.max(0, stored), source_bytes: source }
  })
}
