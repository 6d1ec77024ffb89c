import type { SnapshotId } from '../model/ids.ts'
import type { JournalRecord } from '../model/journal-record.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { withAccess } from './access-log.ts'
import { operationsOf, type ServiceContext } from './service-context.ts'
import { tellAlertsAfter } from './tell-after-run.ts'

/**
 * Deletes backups. They can be brought back until a prune finds that their grace is over.
 *
 * @throws {RepositoryError} `REPOSITORY_LOCKED` while a prune runs; or the storage fails
 */
export async function deleteBackup(
  context: ServiceContext,
  snapshots: readonly Snapshot[],
): Promise<void> {
  const { repository, actor, signal, onEvent } = context
  const target = snapshots.map(({ backupId }) => backupId).join(' ')
  await onRecord(context, { action: 'delete', target }, () =>
    operationsOf(context).forgetSnapshots(repository, snapshots, { actor, signal, onEvent }),
  )
}

/**
 * Deletes the record of a run that made no snapshot, so that it is listed no more. The rates of the alerts count it on, because it did fail.
 *
 * @returns false when there is no such failed run
 */
export async function deleteFailedRun(context: ServiceContext, backupId: string): Promise<boolean> {
  const { repository, actor } = context
  const { journal } = repository.catalogue
  const isOfRun = ({ record }: { readonly record: JournalRecord }): boolean =>
    record['backupId'] === backupId
  const failure = journal.list({ kind: 'failure' }).find(isOfRun)
  if (failure === undefined) return false
  if (journal.list({ kind: 'deletion', snapshotId: null }).some(isOfRun)) return false
  const { type, startedAtMs } = failure.record
  await onRecord(context, { action: 'delete', target: backupId }, () =>
    operationsOf(context).writeJournal(repository, {
      kind: 'deletion',
      backupId,
      type,
      startedAtMs,
      actor: { ...actor },
    }),
  )
  return true
}

/** @throws {HoldfastError} `SNAPSHOT_NOT_FOUND` when a prune has removed one; those before it are back */
export async function undeleteBackup(
  context: ServiceContext,
  snapshots: readonly { readonly id: SnapshotId; readonly backupId: string }[],
): Promise<void> {
  const target = snapshots.map(({ backupId }) => backupId).join(' ')
  const ids = snapshots.map(({ id }) => id)
  await onRecord(context, { action: 'undelete', target }, () =>
    operationsOf(context).undeleteSnapshots(context.repository, ids),
  )
}

/** Also after a failure: some of the backups may have gone or come back. */
async function onRecord(
  context: ServiceContext,
  access: Parameters<typeof withAccess>[1],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await withAccess(context, access, work)
  } finally {
    await tellAlertsAfter(context)
  }
}
