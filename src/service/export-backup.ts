import type { Snapshot } from '../model/snapshot.ts'
import type { ExportOptions, ExportResult } from '../operations/export/export-options.ts'
import { withAccess } from './access-log.ts'
import { operationsOf, type ServiceContext } from './service-context.ts'

export type ArchivePlace = Pick<
  ExportOptions,
  'folder' | 'historyFile' | 'projectFolder' | 'overwrite' | 'level'
>

/** Writes a snapshot to an archive; who did it is on record, also when it failed. */
export async function exportBackup(
  context: ServiceContext,
  snapshot: Snapshot,
  place: ArchivePlace,
): Promise<ExportResult> {
  const { repository, signal, onEvent, actor } = context
  const access = { action: 'export', target: `${snapshot.backupId} to ${place.folder}` } as const
  return await withAccess(context, access, () =>
    operationsOf(context).exportSnapshot(repository, {
      ...place,
      snapshot,
      signal,
      onEvent,
      actor,
    }),
  )
}
