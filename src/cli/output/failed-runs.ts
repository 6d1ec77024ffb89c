import { escapeText } from '../../foundation/escape-bytes.ts'
import { humanTime, jsonTime } from '../../foundation/human.ts'
import type { BackupRecord } from '../../model/backup-record.ts'
import type { SnapshotFilters } from '../library.ts'
import type { JsonObject } from './json.ts'

/** Of all backups the runs that made none and pass the filters. They have no tags. */
export function filterFailedRuns(
  records: readonly BackupRecord[],
  { type, tags, hosts }: SnapshotFilters,
): BackupRecord[] {
  if (tags.length > 0) return []
  return records.filter(
    ({ backup_type, metadata }) =>
      metadata.snapshot_id === null &&
      (type === undefined || backup_type === type) &&
      (hosts.length === 0 || hosts.includes(metadata.hostname ?? '')),
  )
}

/** In the columns of `list`: without an id, because there is nothing to name. */
export function failedRunRow(record: BackupRecord): string[] {
  return [
    '-',
    escapeText(record.backup_id),
    humanTime(record.created_at * 1000),
    record.backup_type,
    record.status,
    escapeText(record.metadata.hostname ?? ''),
    '-',
    '-',
    '',
    escapeText(record.description),
  ]
}

/** An element of the array of `list --json`; `id` is null, so that whoever looks for snapshots can leave it out. */
export function failedRunJson(record: BackupRecord): JsonObject {
  const { metadata } = record
  return {
    time: jsonTime(record.created_at * 1000),
    tree: null,
    paths: [],
    hostname: metadata.hostname ?? '',
    tags: [],
    backup_id: record.backup_id,
    backup_type: record.backup_type,
    description: record.description,
    summary: null,
    id: null,
    short_id: null,
    status: record.status,
    verified_at: null,
    ended_at: typeof metadata.ended_at === 'number' ? jsonTime(metadata.ended_at * 1000) : null,
    error: metadata.error ?? '',
  }
}
