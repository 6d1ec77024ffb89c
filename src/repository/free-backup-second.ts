import type { Repository } from './repository.ts'

/**
 * The first second from this one on that no backup and no failed run is known by: clients of the documented system know both as `backup_<seconds>`,
 * and whoever deletes one must not meet the other.
 */
export function freeBackupSecond({ catalogue }: Repository, from: number): number {
  const { snapshots, journal } = catalogue
  const failed = new Set(journal.list({ kind: 'failure' }).map(({ record }) => record['backupId']))
  for (let seconds = from; ; seconds++) {
    const id = `backup_${seconds}`
    if (!failed.has(id) && snapshots.findByBackupId(id).length === 0) return seconds
  }
}
