import type { Repository } from '../repository/repository.ts'

/** A `backup_<seconds>` that no backup and no failed run has. */
export function freeBackupId(repository: Repository, startedAtMs: number): string {
  const { snapshots, journal } = repository.catalogue
  const failed = new Set(journal.list({ kind: 'failure' }).map(({ record }) => record['backupId']))
  for (let seconds = Math.floor(startedAtMs / 1000); ; seconds++) {
    const id = `backup_${seconds}`
    if (!failed.has(id) && snapshots.findByBackupId(id).length === 0) return id
  }
}

/** A `restore_<seconds>` that no recorded restore has. */
export function freeRestoreId(repository: Repository, startedAtMs: number): string {
  const taken = new Set(
    repository.catalogue.journal
      .list({ kind: 'restoration' })
      .map(({ record }) => record['restoreId']),
  )
  let seconds = Math.floor(startedAtMs / 1000)
  while (taken.has(`restore_${seconds}`)) seconds++
  return `restore_${seconds}`
}
