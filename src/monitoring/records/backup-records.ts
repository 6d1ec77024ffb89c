import type { JournalRecord } from '../../model/journal-record.ts'
import { isBackupType, type BackupType } from '../../model/snapshot.ts'
import type { BackupRecord, BackupRecordMetadata, BackupStatus } from '../../model/backup-record.ts'
import { isLate } from '../../repository/is-late.ts'
import type { Repository } from '../../repository/repository.ts'
import { numberField, objectField, textField } from './journal-fields.ts'

type SnapshotSummary = ReturnType<Repository['catalogue']['snapshots']['list']>[number]

/** Of each catalogue the last lists, as long as nothing in it changes: a server is asked for them hundreds of times a second. */
const lastLists = new WeakMap<Repository['catalogue'], { version: string; lists: RecordLists }>()

interface RecordLists {
  present?: readonly BackupRecord[]
  withDeleted?: readonly BackupRecord[]
}

/**
 * Every backup that is there and every run that failed, oldest first; with `includeDeleted` also what was deleted, as `expired`.
 *
 * `files` is null in all of them: `backupRecordWithFiles` gives those of one.
 */
export function listBackupRecords(
  repository: Repository,
  options: { readonly includeDeleted?: boolean } = {},
): BackupRecord[] {
  const { catalogue } = repository
  const version = catalogue.version()
  let last = lastLists.get(catalogue)
  if (last?.version !== version) {
    last = { version, lists: {} }
    lastLists.set(catalogue, last)
  }
  const { lists } = last
  // A copy, because whoever sorts it should not sort the next one's.
  if (options.includeDeleted === true) return [...(lists.withDeleted ??= readAll(repository))]
  return [...(lists.present ??= readPresent(repository))]
}

function readPresent({ catalogue }: Repository): BackupRecord[] {
  const { snapshots, journal } = catalogue
  const exports = journal.newestBySnapshot('export')
  const imports = journal.newestBySnapshot('import')
  const records = snapshots.list().map((snapshot) =>
    backupOfSnapshot(snapshot, {
      exported: exports.get(snapshot.id),
      imported: imports.get(snapshot.id),
    }),
  )
  const deleted = deletedFailures(catalogue)
  for (const { record } of journal.list({ kind: 'failure' })) {
    const failed = backupOfFailure(record)
    if (!deleted.has(failed.backup_id)) records.push(failed)
  }
  return oldestFirst(records)
}

function readAll(repository: Repository): BackupRecord[] {
  const { journal } = repository.catalogue
  const records = listBackupRecords(repository)
  const present = new Set(records.map(({ metadata }) => metadata.snapshot_id))
  const deleted = deletedFailures(repository.catalogue)
  if (deleted.size > 0) {
    for (const { record } of journal.list({ kind: 'failure' })) {
      const failed = backupOfFailure(record)
      const deletedAtMs = deleted.get(failed.backup_id)
      if (deletedAtMs !== undefined) records.push(asExpired(failed, deletedAtMs))
    }
  }
  records.push(...deletedBackups(journal.list({ kind: 'deletion' }), present))
  return oldestFirst(records)
}

/** A failed run has no snapshot, and neither has the record that it was deleted. */
function deletedFailures({ journal }: Repository['catalogue']): Map<string, number> {
  const deletions = journal.list({ kind: 'deletion', snapshotId: null })
  return new Map(deletions.map(({ record }) => [textField(record, 'backupId'), record.atMs]))
}

function oldestFirst(records: BackupRecord[]): BackupRecord[] {
  return records.sort((one, other) => one.created_at - other.created_at)
}

/** What the journal says of a snapshot beside its own object. */
export interface SnapshotStory {
  readonly exported: JournalRecord | undefined
  readonly imported: JournalRecord | undefined
}

export function backupOfSnapshot(
  snapshot: SnapshotSummary,
  { exported, imported }: SnapshotStory,
): BackupRecord {
  const { statistics, verifiedAtMs, damagedAtMs, recordedAtMs, receivedAtMs } = snapshot
  const original = imported === undefined ? {} : objectField(imported, 'record')
  const archive = exported ?? imported
  const times = [recordedAtMs, receivedAtMs].filter((time) => time !== null)
  return {
    backup_id: snapshot.backupId,
    backup_type: snapshot.type,
    created_at: snapshot.startedAtMs / 1000,
    size_bytes: statistics.bytes,
    file_count: statistics.files,
    checksum: archive === undefined ? '' : textField(archive, 'checksum'),
    status: statusOf(snapshot, original),
    description: snapshot.description,
    files: null,
    metadata: {
      backup_path: archive === undefined ? null : textField(archive, 'archive') || null,
      compression: true,
      snapshot_id: snapshot.id,
      hostname: snapshot.hostname,
      ended_at: snapshot.endedAtMs / 1000,
      recorded_at: times.length === 0 ? null : Math.min(...times) / 1000,
      data_bytes_added: statistics.dataBytesAdded + statistics.treeBytesAdded,
      stored_bytes_added: statistics.storedBytesAdded,
      unreadable: statistics.unreadable,
      verified_at: verifiedAtMs === null ? null : verifiedAtMs / 1000,
      damaged_at: damagedAtMs === null ? null : damagedAtMs / 1000,
      ...(imported !== undefined && { imported_at: imported.atMs / 1000 }),
    },
  }
}

/** What this repository has proved counts more than what the documented system said of it. */
function statusOf(
  snapshot: SnapshotSummary,
  original: Readonly<Record<string, unknown>>,
): BackupStatus {
  const { verifiedAtMs, damagedAtMs } = snapshot
  // Its writer died before anybody was told of it, and it need not be whole: nobody must take it for a recent backup.
  if (damagedAtMs !== null || isLate(snapshot)) return 'failed'
  return verifiedAtMs !== null || original['status'] === 'verified' ? 'verified' : 'created'
}

function backupOfFailure(record: JournalRecord): BackupRecord {
  const message = textField(record, 'message')
  const startedAtMs = numberField(record, 'startedAtMs') ?? record.atMs
  // Without `...`: a list may have thousands, and that takes four times as long.
  return {
    backup_id: idOf(record, startedAtMs),
    backup_type: typeOf(record),
    created_at: startedAtMs / 1000,
    size_bytes: 0,
    file_count: 0,
    checksum: '',
    status: 'failed',
    description: `Failed: ${message}`,
    files: null,
    metadata: {
      backup_path: null,
      compression: true,
      snapshot_id: null,
      hostname: textField(objectField(record, 'actor'), 'hostname'),
      ended_at: (numberField(record, 'endedAtMs') ?? record.atMs) / 1000,
      recorded_at: record.atMs / 1000,
      error: message,
      run_description: textField(record, 'description'),
    },
  }
}

function idOf(record: JournalRecord, startedAtMs: number): string {
  return textField(record, 'backupId') || `backup_${Math.floor(startedAtMs / 1000)}`
}

function typeOf(record: JournalRecord): BackupType {
  const type = textField(record, 'type')
  return isBackupType(type) ? type : 'full'
}

function asExpired(record: BackupRecord, deletedAtMs: number): BackupRecord {
  const metadata = { ...record.metadata, deleted_at: deletedAtMs / 1000 }
  return { ...record, status: 'expired', metadata }
}

/** A snapshot may have been deleted, brought back and deleted again; a record of a prune's names nothing but its id. */
function deletedBackups(
  newestFirst: ReturnType<Repository['catalogue']['journal']['list']>,
  present: ReadonlySet<unknown>,
): BackupRecord[] {
  const seen = new Set(present)
  const records: BackupRecord[] = []
  for (const { record } of newestFirst) {
    const snapshotId = textField(record, 'snapshotId')
    const startedAtMs = numberField(record, 'startedAtMs')
    if (snapshotId === '' || seen.has(snapshotId) || startedAtMs === undefined) continue
    seen.add(snapshotId)
    records.push(backupOfDeletion(record, snapshotId, startedAtMs))
  }
  return records
}

function backupOfDeletion(
  record: JournalRecord,
  snapshotId: string,
  startedAtMs: number,
): BackupRecord {
  const statistics = objectField(record, 'statistics')
  const metadata: Mutable<BackupRecordMetadata> = {
    backup_path: null,
    compression: true,
    snapshot_id: snapshotId,
    deleted_at: record.atMs / 1000,
  }
  const dataAdded = numberField(statistics, 'dataBytesAdded')
  const storedAdded = numberField(statistics, 'storedBytesAdded')
  if (dataAdded !== undefined) {
    metadata.data_bytes_added = dataAdded + (numberField(statistics, 'treeBytesAdded') ?? 0)
  }
  if (storedAdded !== undefined) metadata.stored_bytes_added = storedAdded
  return {
    backup_id: idOf(record, startedAtMs),
    backup_type: typeOf(record),
    created_at: startedAtMs / 1000,
    size_bytes: numberField(statistics, 'bytes') ?? 0,
    file_count: numberField(statistics, 'files') ?? 0,
    checksum: '',
    status: 'expired',
    description: textField(record, 'description'),
    files: null,
    metadata,
  }
}

type Mutable<Shape> = { -readonly [Key in keyof Shape]: Shape[Key] }
