import type { BackupRecord } from '../../model/backup-record.ts'
import type { Snapshot } from '../../model/snapshot.ts'

export interface ExportedArchive {
  /** As records name it. */
  readonly archive: string
  readonly checksum: string
  readonly bytes: number
}

/** A line of the documented system's history for a snapshot that was exported. */
export function composeHistoryLine(
  snapshot: Snapshot,
  exported: ExportedArchive,
  more: { readonly isVerified: boolean; readonly files: readonly string[] | null },
): string {
  const record: BackupRecord = {
    backup_id: snapshot.backupId,
    backup_type: snapshot.type,
    created_at: snapshot.startedAtMs / 1000,
    size_bytes: snapshot.statistics.bytes,
    file_count: snapshot.statistics.files,
    checksum: exported.checksum,
    status: more.isVerified ? 'verified' : 'created',
    description: snapshot.description,
    files: more.files,
    metadata: {
      backup_path: exported.archive,
      compression: true,
      snapshot_id: snapshot.id,
      archive_bytes: exported.bytes,
      hostname: snapshot.hostname,
    },
  }
  return JSON.stringify({ type: 'backup', ...record })
}
