import { listBackupRecords } from '../../monitoring/records/backup-records.ts'
import { requireEnabled } from '../require-enabled.ts'
import type { ServiceContext } from '../service-context.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import type { BackupSettings } from '../../config/settings.ts'
import type { Configuration } from '../../config/load-config.ts'
import { readCronTimes } from './cron-times.ts'
import { dueJobs } from './due-jobs.ts'
import { isBackupJob, type JobKind } from './job-kinds.ts'

/** A configuration that says what is backed up, and when. */
export interface ScheduledConfiguration extends Configuration {
  readonly backup: BackupSettings
}

/** @throws {HoldfastError} `USAGE`, `CONFIG_INVALID` or `BACKUP_DISABLED` when the configuration schedules nothing */
export function requireSchedule(configuration: Configuration | undefined): ScheduledConfiguration {
  requireEnabled(configuration, 'run the schedule')
  if (configuration === undefined) {
    throw new HoldfastError(
      'USAGE',
      'Cannot run the schedule: there is no config.yml here or in a parent folder',
      { remedy: 'Name it with --config, or write one with a section api.backup' },
    )
  }
  const { file, backup } = configuration
  if (backup === undefined) {
    throw new HoldfastError(
      'CONFIG_INVALID',
      `Cannot run the schedule: configuration "${file}" has no section api.backup`,
      { remedy: 'Add the section api.backup with its schedule', facts: { file } },
    )
  }
  return { ...configuration, backup }
}

/**
 * What the schedule wants to be done now, by what the repository says was done.
 *
 * @param begun kinds with when they were begun last, where somebody knows it better than the repository
 */
export async function planDue(
  context: ServiceContext,
  nowMs: number = Date.now(),
  begun: ReadonlyMap<JobKind, number> = new Map(),
): Promise<JobKind[]> {
  const { repository } = context
  const { backup, settings } = requireSchedule(context.configuration)
  const nextTime = await readCronTimes(settings.schedule)
  const all = listBackupRecords(repository, { includeDeleted: true })
  const records = all.filter(({ status }) => status !== 'expired')
  // One that was deleted since was made in its time all the same; a run that made none is to be tried again.
  const made = all.filter(({ metadata }) => typeof metadata.snapshot_id === 'string')
  const lastMs = (kind: JobKind): number | undefined => {
    const known = begun.get(kind)
    const recorded = isBackupJob(kind)
      ? newest(made.filter(({ backup_type }) => backup_type === kind).map(startMs))
      : lastRecorded(context, kind)
    return newest([known, recorded].filter((atMs) => atMs !== undefined))
  }
  return dueJobs({
    records,
    intervals: backup.schedule,
    needsVerification: backup.verification,
    nextTime,
    lastMs,
    sinceMs: repository.config.createdAtMs,
    nowMs,
  })
}

function startMs({ created_at }: { readonly created_at: number }): number {
  return created_at * 1000
}

function lastRecorded(
  { repository }: ServiceContext,
  kind: 'cleanup' | 'verify' | 'drill',
): number | undefined {
  const { journal } = repository.catalogue
  if (kind === 'cleanup') {
    const found = journal
      .list({ kind: 'access', limit: 1_000 })
      .find(({ record }) => record['action'] === 'cleanup')
    return found?.record.atMs
  }
  return journal.list({ kind: kind === 'verify' ? 'check' : 'drill', limit: 1 })[0]?.record.atMs
}

function newest(times: readonly number[]): number | undefined {
  return times.length === 0
    ? undefined
    : times.reduce((latest, atMs) => Math.max(latest, atMs), -Infinity)
}
