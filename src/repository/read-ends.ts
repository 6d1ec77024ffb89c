import { readPackTrailer, type OpenedPack, type PackAccess } from '../format/pack/pack-reader.ts'
import { objectHeaderBytes } from '../format/object/object-header.ts'
import type { Storage } from '../storage/storage.ts'
import { readProved } from './read-proved.ts'

/** Longer than nearly all trailers (docs/FORMAT.md, section 7: about 40 bytes for a blob, and few packs have 3,000). */
const tailBytes = 128 * 1024

/**
 * Reads what a pack holds from its two ends. A storage that is far away is asked for both at once, and for so much that the trailer is among it
 * as a rule.
 *
 * @throws {RepositoryError} `OBJECT_DAMAGED`, `OBJECT_MISSING` or a storage fault
 */
export async function readEnds(
  storage: Storage,
  packId: string,
  packBytes: number,
  access: PackAccess,
): Promise<OpenedPack> {
  const name = `packs/${packId}`
  return await readProved(storage, name, () => readOnce(storage, name, packBytes, access))
}

async function readOnce(
  storage: Storage,
  name: string,
  packBytes: number,
  access: PackAccess,
): Promise<OpenedPack> {
  const readRange = (offset: number, lengthBytes: number): Promise<Buffer> =>
    storage.getRange(name, offset, lengthBytes)
  if (!storage.capabilities.isRemote || packBytes < objectHeaderBytes) {
    return await readPackTrailer(readRange, packBytes, access)
  }
  const tailStart = Math.max(0, packBytes - tailBytes)
  const [head, tail] = await Promise.all([
    readRange(0, objectHeaderBytes),
    readRange(tailStart, packBytes - tailStart),
  ])
  return await readPackTrailer(
    (offset, lengthBytes) => {
      if (offset === 0 && lengthBytes === objectHeaderBytes) return head
      if (offset < tailStart) return readRange(offset, lengthBytes)
      return tail.subarray(offset - tailStart, offset - tailStart + lengthBytes)
    },
    packBytes,
    access,
  )
}
