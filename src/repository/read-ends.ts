import { readPackTrailer, type OpenedPack, type PackAccess } from '../format/pack/pack-reader.ts'
import { objectHeaderBytes } from '../format/object/object-header.ts'
import type { Storage } from '../storage/storage.ts'
import { readProved } from './read-proved.ts'

/** Longer than nearly all trailers (docs/FORMAT.md, section 7: about 40 bytes for a blob, and few packs have 3,000). */
const tailBytes = 128 * 1024

/** Requests that `readEnds` makes of a storage that is far away, as a rule. */
export function endRequestsOf(packBytes: number): number {
  return packBytes <= tailBytes ? 1 : 2
}

/**
 * Reads what a pack holds from its two ends. A storage that is far away is asked for both at once, and for so much that the trailer is among it
 * as a rule. A pack that is no longer than that is read in one request.
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
  const [tail, head] = await Promise.all([
    readRange(tailStart, packBytes - tailStart),
    tailStart > 0 ? readRange(0, objectHeaderBytes) : null,
  ])
  return await readPackTrailer(
    (offset, lengthBytes) => {
      if (head && offset === 0 && lengthBytes === objectHeaderBytes) return head
      if (offset < tailStart) return readRange(offset, lengthBytes)
      return tail.subarray(offset - tailStart, offset - tailStart + lengthBytes)
    },
    packBytes,
    access,
  )
}
