import type { JournalRecord } from '../../model/journal-record.ts'
import type { RestoreRecord, RestoreStatus } from '../../model/backup-record.ts'
import type { Repository } from '../../repository/repository.ts'
import { numberField, textField, textsField } from './journal-fields.ts'

/** Every restore, oldest first. */
export function listRestoreRecords(repository: Repository): RestoreRecord[] {
  const records = repository.catalogue.journal.list({ kind: 'restoration' }).reverse()
  const taken = new Set(records.map(({ record }) => textField(record, 'restoreId')))
  return records.map(({ record }) => restoreOf(record, taken))
}

function restoreOf(record: JournalRecord, taken: Set<string>): RestoreRecord {
  const result = textField(record, 'result')
  const status: RestoreStatus = result === 'success' || result === 'partial' ? result : 'failed'
  const { verificationPassed } = record
  const restoredAtMs = numberField(record, 'startedAtMs') ?? record.atMs
  return {
    restore_id: textField(record, 'restoreId') || madeUpId(restoredAtMs, taken),
    backup_id: textField(record, 'backupId'),
    restored_at: restoredAtMs / 1000,
    status,
    restored_files: textsField(record, 'paths'),
    error_message: textField(record, 'message'),
    // Every chunk is checked before it is written, so that a restore without an error has passed.
    verification_passed:
      typeof verificationPassed === 'boolean' ? verificationPassed : status === 'success',
  }
}

/** Records of earlier versions have no id of their own. */
function madeUpId(atMs: number, taken: Set<string>): string {
  let seconds = Math.floor(atMs / 1000)
  while (taken.has(`restore_${seconds}`)) seconds++
  taken.add(`restore_${seconds}`)
  return `restore_${seconds}`
}
