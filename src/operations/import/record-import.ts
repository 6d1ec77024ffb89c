import type { Actor } from '../../model/actor.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { Repository } from '../../repository/repository.ts'
import { writeJournal } from '../../repository/write-journal.ts'
import type { FoundArchive } from './find-archives.ts'
import type { History, HistoryRecord } from './read-history.ts'

/** The documented system's word on a backup is kept as far as it proved right: without a checksum nothing says that this archive was verified. */
export function isStillVerified(record: HistoryRecord | undefined): boolean {
  return record?.status === 'verified' && record.checksum !== ''
}

export async function recordImport(
  repository: Repository,
  saved: Snapshot,
  { path, record }: FoundArchive,
  more: { readonly checksum: string; readonly actor: Actor },
): Promise<void> {
  const status = isStillVerified(record) ? 'verified' : 'created'
  await writeJournal(repository, {
    kind: 'import',
    snapshotId: saved.id,
    backupId: saved.backupId,
    archive: path,
    checksum: more.checksum,
    record: record ? { ...record.raw, status } : null,
    actor: more.actor,
  })
}

/** Runs of a history that failed go on record, once. @returns how many did now */
export async function recordFailures(
  repository: Repository,
  history: History,
  actor: Actor,
): Promise<number> {
  const known = new Set(
    repository.catalogue.journal.list({ kind: 'failure' }).map(({ record }) => record['backupId']),
  )
  let recorded = 0
  for (const record of history.records.values()) {
    if (record.status !== 'failed' || known.has(record.backupId)) continue
    const startedAtMs = record.createdAtMs ?? Number(record.backupId.slice('backup_'.length)) * 1000
    await writeJournal(repository, {
      kind: 'failure',
      backupId: record.backupId,
      type: record.type ?? 'full',
      description: '',
      startedAtMs,
      endedAtMs: startedAtMs,
      message: record.description.replace(/^Failed: /, ''),
      actor,
    })
    recorded += 1
  }
  return recorded
}
