import type { BackupRecord } from '../../model/backup-record.ts'
import type { PathText, SnapshotManifest } from '../../model/snapshot.ts'
import { jsonTime } from '../../foundation/human.ts'
import type * as answers from './answers.ts'

export type SnapshotFacts = Pick<SnapshotManifest, 'hostname' | 'tags' | 'paths' | 'statistics'>

/**
 * What `/api/v1` tells of a backup, or of a run that made none.
 *
 * @param facts of the snapshot; undefined of a run that made none
 */
export function snapshotJson(
  record: BackupRecord,
  facts: SnapshotFacts | undefined,
  exclusiveBytes: number | null,
): answers.Snapshot {
  const { metadata } = record
  const isFailedRun = facts === undefined
  return {
    id: metadata.snapshot_id ?? null,
    backup_id: record.backup_id,
    type: record.backup_type,
    status: record.status,
    started_at: jsonTime(record.created_at * 1000),
    ended_at: secondsText(metadata['ended_at']),
    hostname: facts?.hostname ?? textOf(metadata['hostname']),
    description: isFailedRun ? textOf(metadata['run_description']) : record.description,
    tags: facts?.tags ?? [],
    files: record.file_count,
    bytes: record.size_bytes,
    bytes_added: facts?.statistics.storedBytesAdded ?? 0,
    exclusive_bytes: exclusiveBytes,
    verified_at: secondsText(metadata['verified_at']),
    is_failed_run: isFailedRun,
    error: isFailedRun ? textOf(metadata['error']) : null,
    paths: (facts?.paths ?? []).map(pathText),
  }
}

function secondsText(value: unknown): string | null {
  return typeof value === 'number' ? jsonTime(value * 1000) : null
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** With U+FFFD where the bytes are no UTF-8; the tree gives the bytes. */
export function pathText(path: PathText): string {
  return typeof path === 'string' ? path : Buffer.from(path.base64, 'base64').toString('utf8')
}
