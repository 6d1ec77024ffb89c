import { encodeJournalRecord } from '../format/manifest/journal-record.ts'
import type { JournalRecord } from '../model/journal-record.ts'
import type { Repository } from './repository.ts'

/** Records durably that something was done. */
export async function writeJournal(
  repository: Repository,
  record: Omit<JournalRecord, 'version' | 'atMs' | 'kind'> & { kind: JournalRecord['kind'] },
): Promise<void> {
  const complete: JournalRecord = { ...record, version: 1, atMs: Date.now() }
  const { id, bytes } = repository.seal('journal', encodeJournalRecord(complete))
  await repository.storage.put(`journal/${id}`, bytes)
  repository.catalogue.journal.add(id, complete)
}
