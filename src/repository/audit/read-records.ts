import { packPrefixBytes } from '../../model/journal-record.ts'
import type { Repository } from '../repository.ts'
import { writeJournal } from '../write-journal.ts'

/** About a megabyte of text. */
const packsPerRecord = 100_000

/** Records durably that packs were read just now and found whole; the dates of the catalogue come from these records alone. */
export async function recordReads(
  repository: Repository,
  packIds: readonly string[],
): Promise<void> {
  const prefixes = packIds.map((id) => id.slice(0, 2 * packPrefixBytes)).sort()
  for (let start = 0; start < prefixes.length; start += packsPerRecord) {
    const part = prefixes.slice(start, start + packsPerRecord)
    await writeJournal(repository, {
      kind: 'check',
      packCount: part.length,
      packsRead: Buffer.from(part.join(''), 'hex').toString('base64'),
    })
  }
}
