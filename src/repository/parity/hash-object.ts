import { createPlainHasher, hashToHex } from '../../format/hashing/blob-hasher.ts'
import { toObjectId, type ObjectId } from '../../model/ids.ts'
import type { Storage } from '../../storage/storage.ts'

const pieceBytes = 1024 * 1024

/** The hash of an object of any length, of which a mebibyte is in memory at a time. */
export async function hashObject(storage: Storage, name: string): Promise<ObjectId> {
  const hasher = createPlainHasher()
  const { bytes } = await storage.stat(name)
  for (let offset = 0; offset < bytes; offset += pieceBytes) {
    hasher.update(await storage.getRange(name, offset, Math.min(pieceBytes, bytes - offset)))
  }
  return toObjectId(hashToHex(hasher.digest()))
}
