import { openStorage } from '../storage/open-storage.ts'
import { PackWriter, type WrittenPack } from './pack-writer.ts'
import type { RepositoryContext } from './repository-context.ts'

/** A pack writer with a storage of its own, for the calling thread. */
export function openPackWriter(
  context: RepositoryContext,
  onPack: (pack: WrittenPack) => void,
): { readonly writer: PackWriter; close(): Promise<void> } {
  const storage = openStorage(context.location)
  return { writer: new PackWriter(context, storage, onPack), close: () => storage.close() }
}
