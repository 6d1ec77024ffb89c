import type { IndexEntry } from '../format/index-object/index-object.ts'
import { decodePack, type OpenedPack } from '../format/pack/pack-reader.ts'
import type { PackId } from '../model/ids.ts'
import { readEnds } from './read-ends.ts'
import type { Repository } from './repository.ts'

/**
 * Reads a pack for an index object that is to name it: whole, or only its ends where the storage has checked every byte when it took it.
 *
 * @throws {RepositoryError} when it is not what its name says
 */
export async function readIndexEntry(repository: Repository, packId: PackId): Promise<IndexEntry> {
  const { context, storage } = repository
  const access = {
    frameRootKey: context.keys.frameRootKey,
    repositoryId: Buffer.from(context.repositoryId),
    sealed: context.sealed,
  }
  if (storage.capabilities.verifiesPuts) {
    const { bytes } = await storage.stat(`packs/${packId}`)
    return entryOf(packId, bytes, await readEnds(storage, packId, bytes, access))
  }
  const bytes = await storage.get(`packs/${packId}`)
  return entryOf(packId, bytes.length, decodePack(bytes, access, packId))
}

function entryOf(
  packId: PackId,
  packBytes: number,
  { header, trailerPlain }: OpenedPack,
): IndexEntry {
  return {
    packId,
    salt: Buffer.from(header.salt),
    packBytes,
    trailer: Buffer.from(trailerPlain),
  }
}
