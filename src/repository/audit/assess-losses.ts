import type { Repository } from '../repository.ts'
import { standingDamage } from './damage-records.ts'
import { PackFindings } from './pack-findings.ts'
import { readPacks, type PackRequest } from './read-packs.ts'
import type { StorageFaults } from './storage-faults.ts'

/**
 * What cannot be had at this moment: packs that are missing, and what a new reading finds of those that are on record as damaged. Packs about
 * which nothing is known count as whole; a check that reads everything finds out.
 */
export async function assessLosses(
  repository: Repository,
  options: { readonly faults: StorageFaults; readonly signal?: AbortSignal | undefined },
): Promise<PackFindings> {
  const findings = new PackFindings(repository, { trustsUnread: true })
  const stored = new Set(await repository.storage.listNames('packs'))
  const onRecord = new Set(standingDamage(repository).map(({ packId }) => packId))
  const requests: PackRequest[] = []
  for (const { row, id, bytes } of repository.catalogue.blobs.packs()) {
    if (!stored.has(`packs/${id}`)) findings.losePack(row)
    else if (onRecord.has(id)) requests.push({ row, packId: id, packBytes: bytes, wanted: null })
  }
  await readPacks(repository, requests, {
    signal: options.signal,
    onReply: (request, reply) => findings.take(request, reply),
    onFault: ({ packId }, error) => options.faults.note(`packs/${packId}`, error),
  })
  return findings
}
