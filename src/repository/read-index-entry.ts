import type { IndexEntry } from '../format/index-object/index-object.ts'
import { decodePack } from '../format/pack/pack-reader.ts'
import type { PackId } from '../model/ids.ts'
import type { Repository } from './repository.ts'

/**
 * Reads a pack whole, for an index object that is to name it.
 *
 * @throws {RepositoryError} when it is not what its name says
 */
export async function readIndexEntry(repository: Repository, packId: PackId): Promise<IndexEntry> {
  const { context, storage } = repository
  const bytes = await storage.get(`packs/${packId}`)
  const access = {
    frameRootKey: context.keys.frameRootKey,
    repositoryId: Buffer.from(context.repositoryId),
    sealed: context.sealed,
  }
  const { header, trailerPlain } = decodePack(bytes, access, packId)
  return {
    packId,
    salt: Buffer.from(header.salt),
    packBytes: bytes.length,
    trailer: Buffer.from(trailerPlain),
  }
}
