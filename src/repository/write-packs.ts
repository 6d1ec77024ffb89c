import { openStorage } from '../storage/open-storage.ts'
import { IndexWriter } from './index-writer.ts'
import { PackWriter } from './pack-writer.ts'
import type { Repository } from './repository.ts'

/**
 * Stores blobs in new packs, on the calling thread and with a storage of its own. The packs are durable and named by durable index objects
 * when the promise resolves.
 *
 * @param fill hands the blobs to the writer
 * @returns length of the new packs, in bytes
 */
export async function writePacks(
  repository: Repository,
  fill: (writer: PackWriter) => Promise<void>,
): Promise<number> {
  const { context } = repository
  const index = new IndexWriter(repository)
  const storage = openStorage(context.location)
  const writer = new PackWriter(context, storage, (pack) => index.add(pack))
  try {
    await fill(writer)
    await writer.finish()
  } catch (error) {
    await writer.discard()
    await index.settle()
    throw error
  } finally {
    await storage.close()
  }
  await index.flush()
  return index.packBytes
}
