import type { BackupRecord } from '../../model/backup-record.ts'
import { backupTypes, type BackupType } from '../../model/snapshot.ts'
import { isOfPast, isUsable, runsOf, type Run } from '../records/run.ts'

/** The backups of one type, or of all. Ratios are null where nothing was stored. */
export interface GrowthStatistics {
  /** Runs of all time that are known, deleted ones included. */
  readonly runs: number
  readonly failures: number
  /** 0 to 1; null without a run. */
  readonly success_rate: number | null
  /** That can be restored from now. */
  readonly backups: number
  /** Of the files of those. */
  readonly size_bytes: number
  readonly newest_size_bytes: number | null
  readonly newest_files: number | null
  readonly average_size_bytes: number | null
  /** Plaintext that was not there before, of all runs of which it is known. */
  readonly data_bytes_added: number
  readonly stored_bytes_added: number
  /** Bytes of the files for each new byte. */
  readonly dedup_ratio: number | null
  /** New bytes for each byte stored. */
  readonly compression_ratio: number | null
  readonly average_duration_seconds: number | null
  readonly longest_duration_seconds: number | null
  readonly newest_duration_seconds: number | null
  readonly newest_age_seconds: number | null
  /** Over the window. */
  readonly runs_per_week: number
  /**
   * Slope of the sizes over the window; null when the backups in it are less than a day apart. Of all types together it is that of the type with the
   * largest newest backup: a full backup and one of a part, one after the other, are no growth.
   */
  readonly growth_bytes_per_day: number | null
}

export interface TypeGrowth extends GrowthStatistics {
  readonly type: BackupType
}

export interface GrowthOptions {
  readonly windowDays?: number
}

const dayMs = 24 * 60 * 60_000
const windowDaysDefault = 30

/**
 * How much is backed up, how often, how long it takes and what deduplication and compression save, for each type that ever ran.
 *
 * @param records with the deleted ones, or retention would make it look as if little had been done
 */
export function growthStatistics(
  records: readonly BackupRecord[],
  nowMs: number,
  options: GrowthOptions = {},
): { readonly all: GrowthStatistics; readonly by_type: readonly TypeGrowth[] } {
  const runs = [...runsOf(records)].sort((one, other) => one.atMs - other.atMs)
  const window = { nowMs, windowDays: options.windowDays ?? windowDaysDefault }
  const byType = backupTypes.flatMap((type) => {
    const ofType = runs.filter((run) => run.type === type)
    return ofType.length === 0 ? [] : [{ type, ...growthOf(ofType, window) }]
  })
  const largest = byType.toSorted(
    (one, other) => (other.newest_size_bytes ?? -1) - (one.newest_size_bytes ?? -1),
  )[0]
  const slopeOfAll = largest?.growth_bytes_per_day ?? null
  return {
    all: { ...growthOf(runs, window), growth_bytes_per_day: slopeOfAll },
    by_type: byType,
  }
}

interface Window {
  readonly nowMs: number
  readonly windowDays: number
}

function growthOf(runs: readonly Run[], { nowMs, windowDays }: Window): GrowthStatistics {
  const made = runs.filter(({ outcome }) => outcome !== 'none')
  const intact = runs.filter(({ outcome }) => outcome === 'intact')
  const present = runs.filter(isUsable)
  const newest = present.findLast(({ atMs }) => isOfPast(atMs, nowMs))
  const measured = made.filter(({ newBytes, storedBytes }) => (newBytes ?? storedBytes) !== null)
  const newBytes = sum(measured, (run) => run.newBytes ?? 0)
  const storedBytes = sum(measured, (run) => run.storedBytes ?? 0)
  const size = sum(present, ({ bytes }) => bytes)
  const durations = made.flatMap(({ durationMs }) => durationMs ?? [])
  const startMs = nowMs - windowDays * dayMs
  const recent = runs.filter(({ atMs }) => atMs >= startMs && isOfPast(atMs, nowMs))
  return {
    runs: runs.length,
    failures: runs.length - made.length,
    success_rate: ratio(intact.length, runs.length),
    backups: present.length,
    size_bytes: size,
    newest_size_bytes: newest?.bytes ?? null,
    newest_files: newest?.files ?? null,
    average_size_bytes: ratio(size, present.length),
    data_bytes_added: newBytes,
    stored_bytes_added: storedBytes,
    dedup_ratio: ratio(
      sum(measured, ({ bytes }) => bytes),
      newBytes,
    ),
    compression_ratio: ratio(newBytes, storedBytes),
    average_duration_seconds: seconds(
      ratio(
        sum(durations, (ms) => ms),
        durations.length,
      ),
    ),
    longest_duration_seconds: seconds(
      durations.length === 0 ? null : durations.reduce((a, b) => Math.max(a, b)),
    ),
    newest_duration_seconds: seconds(newest?.durationMs ?? null),
    newest_age_seconds: newest === undefined ? null : Math.max(0, nowMs - newest.atMs) / 1000,
    runs_per_week: (recent.length / windowDays) * 7,
    growth_bytes_per_day: slope(recent.filter(({ outcome }) => outcome === 'intact')),
  }
}

/** Least squares over time, in bytes for each day; rounded, because a fraction of a byte means nothing. */
function slope(runs: readonly Run[]): number | null {
  // A difference of a few bytes between two backups of one minute would be gigabytes a day.
  if (runs.length < 2 || runs[runs.length - 1].atMs - runs[0].atMs < dayMs) return null
  const days = runs.map(({ atMs }) => (atMs - runs[0].atMs) / dayMs)
  const meanDay = sum(days, (day) => day) / days.length
  const meanBytes = sum(runs, ({ bytes }) => bytes) / runs.length
  const spread = sum(days, (day) => (day - meanDay) ** 2)
  const covariance = runs.reduce(
    (total, { bytes }, index) => total + (days[index] - meanDay) * (bytes - meanBytes),
    0,
  )
  return Math.round(covariance / spread)
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms) / 1000
}
