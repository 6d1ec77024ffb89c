import { decodeIndexObject } from '../../format/index-object/index-object.ts'
import { decodeJournalRecord } from '../../format/manifest/journal-record.ts'
import { decodeSnapshotManifest } from '../../format/manifest/snapshot-manifest.ts'
import { isLoss } from '../../repository/absorb-index.ts'
import { readKeySlots } from '../../repository/key-slots.ts'
import type { Repository } from '../../repository/repository.ts'
import type { Damage } from './verify.ts'

const kinds = [
  { folder: 'index', type: 'index', decode: decodeIndexObject },
  { folder: 'snapshots', type: 'snapshot', decode: decodeSnapshotManifest },
  { folder: 'journal', type: 'journal', decode: decodeJournalRecord },
] as const

/** Reads, opens and decodes every object that is not a pack. @returns what is wrong */
export async function verifySmallObjects(repository: Repository): Promise<Damage[]> {
  const damages: Damage[] = []
  for (const { folder, type, decode } of kinds) {
    for (const name of await repository.storage.listNames(folder)) {
      try {
        decode(await repository.readSmallObject(type, name))
      } catch (error) {
        if (!isLoss(error)) throw error
        damages.push({ message: `${name}: ${error.message}`, objectId: name })
      }
    }
  }
  try {
    await readKeySlots(repository.storage, repository.repositoryId)
  } catch (error) {
    if (!isLoss(error)) throw error
    damages.push({ message: `keys: ${error.message}`, objectId: 'keys' })
  }
  return damages
}
