import { decodeJournalRecord, encodeJournalRecord } from '../format/manifest/journal-record.ts'
import type { JournalRecord } from '../model/journal-record.ts'
import type { Repository } from './repository.ts'

/** Records durably that something was done. */
export async function writeJournal(
  repository: Repository,
  record: Omit<JournalRecord, 'version' | 'atMs' | 'kind'> & { kind: JournalRecord['kind'] },
): Promise<void> {
  const complete: JournalRecord = {
    ...record,
    version: 1,
    atMs: Math.round(repository.clock.nowMs()),
  }
  const plaintext = encodeJournalRecord(complete)
  const { id, bytes } = repository.seal('journal', plaintext)
  await repository.storage.put(`journal/${id}`, bytes)
  // As a reader gets it: a catalogue that is built anew from the objects must be the same.
  repository.catalogue.journal.add(id, decodeJournalRecord(plaintext) ?? complete)
}
