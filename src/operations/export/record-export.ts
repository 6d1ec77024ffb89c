import { RepositoryError } from '../../foundation/errors.ts'
import type { JournalRecord } from '../../model/journal-record.ts'
import type { Repository } from '../../repository/repository.ts'
import { writeJournal } from '../../repository/write-journal.ts'
import type { ExportOptions } from './export-options.ts'
import type { ExportedArchive } from './history-line.ts'

/**
 * Writes down that a snapshot was exported. The archive is there; that the repository can only be read does not make the
 * export fail.
 */
export async function recordExport(
  repository: Repository,
  options: ExportOptions,
  exported: ExportedArchive & { readonly files: number; readonly contentBytes: number },
): Promise<void> {
  const { snapshot, actor } = options
  const record = { snapshotId: snapshot.id, backupId: snapshot.backupId, actor }
  try {
    await writeJournal(repository, {
      kind: 'export',
      ...record,
      archive: exported.archive,
      archiveBytes: exported.bytes,
      checksum: exported.checksum,
      files: exported.files,
      bytes: exported.contentBytes,
    })
  } catch (error) {
    if (!(error instanceof RepositoryError)) throw error
    const message = `The export could not be recorded in the journal: ${error.message}`
    options.onEvent?.({ type: 'notice', message })
  }
}

/** The newest export of the snapshot to an archive. */
export function findExport(
  repository: Repository,
  { snapshot }: ExportOptions,
): JournalRecord | undefined {
  const { journal } = repository.catalogue
  return journal.list({ kind: 'export', snapshotId: snapshot.id, limit: 1 })[0]?.record
}
