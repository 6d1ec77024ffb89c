import type { BackupRecord } from '../../model/backup-record.ts'
import type { SnapshotId } from '../../model/ids.ts'
import { listFilePaths } from '../../repository/list-file-paths.ts'
import type { Repository } from '../../repository/repository.ts'
import { backupOfSnapshot } from './backup-records.ts'

/** Clients get the list in one answer, and a snapshot may have a million files. */
export const listedFilesMax = 10_000

/**
 * One backup with its list of files, relative to the project's folder; the list is null when there are more than {@link listedFilesMax} or
 * pages of the tree are lost.
 *
 * @returns undefined when there is no such snapshot
 */
export function backupRecordWithFiles(
  repository: Repository,
  snapshotId: SnapshotId,
): BackupRecord | undefined {
  const { snapshots, journal } = repository.catalogue
  const summary = snapshots.summary(snapshotId)
  const snapshot = snapshots.get(snapshotId)
  if (summary === undefined || snapshot === undefined) return undefined
  const newest = (kind: 'export' | 'import') => journal.list({ kind, snapshotId, limit: 1 })[0]
  const record = backupOfSnapshot(summary, {
    exported: newest('export')?.record,
    imported: newest('import')?.record,
  })
  return { ...record, files: listFilePaths(repository, snapshot, listedFilesMax) }
}
