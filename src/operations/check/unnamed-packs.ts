import { toObjectId } from '../../model/ids.ts'
import { readPackEnds } from '../../repository/audit/index-survey.ts'
import { readPacks, type PackRequest } from '../../repository/audit/read-packs.ts'
import type { StorageFaults } from '../../repository/audit/storage-faults.ts'
import { isFinding } from '../../repository/loss.ts'
import type { Repository } from '../../repository/repository.ts'

const idBytes = 32

/**
 * Packs that no index object names and that hold, whole, what snapshots need: their index objects are lost. Any other unnamed pack comes
 * from a run that was cut off, from one that is at work, or was replaced by a repair.
 *
 * @param wanted ids of blobs that no index object names, as latin1 text
 * @returns how many of them each pack holds, by its name
 */
export async function findNeededPacks(
  repository: Repository,
  unnamed: readonly string[],
  wanted: ReadonlySet<string>,
  faults: StorageFaults,
): Promise<Map<string, number>> {
  const needed = new Map<string, number>()
  if (wanted.size === 0) return needed
  const held = new Map<string, Set<string>>()
  const requests: PackRequest[] = []
  for (const name of unnamed) {
    try {
      const { bytes: packBytes } = await repository.storage.stat(name)
      const packId = toObjectId(name.slice('packs/'.length))
      const { trailer } = await readPackEnds(repository, packId, packBytes)
      const found = new Set(split(trailer.ids).filter((id) => wanted.has(id)))
      if (found.size === 0) continue
      held.set(packId, found)
      // No row of the catalogue has this number.
      requests.push({ row: -1 - requests.length, packId, packBytes, wanted: null })
    } catch (error) {
      if (!isFinding(error)) await faults.note(name, error)
    }
  }
  await readPacks(repository, requests, {
    signal: undefined,
    onReply: ({ packId }, { lostIds, isUnreadable }) => {
      const found = held.get(packId) ?? new Set()
      for (const id of split(Buffer.from(lostIds))) found.delete(id)
      if (found.size > 0 && !isUnreadable) needed.set(`packs/${packId}`, found.size)
    },
    onFault: ({ packId }, error) => faults.note(`packs/${packId}`, error),
  })
  return needed
}

/** 32 bytes each, as latin1 text. */
function split(ids: Buffer): string[] {
  const texts: string[] = []
  for (let at = 0; at < ids.length; at += idBytes) {
    texts.push(ids.toString('latin1', at, at + idBytes))
  }
  return texts
}
