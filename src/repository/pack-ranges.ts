import { openStorage } from '../storage/open-storage.ts'
import type { RepositoryContext } from './repository-context.ts'

/** Reads parts of packs on the calling thread. */
export interface PackRanges {
  /** Fills `target` with the pack's bytes from `offset`. */
  read(packId: string, offset: number, target: Uint8Array): void
  /** Length of the pack in bytes. */
  size(packId: string): Promise<number>
  close(): Promise<void>
}

export function openPackRanges(context: RepositoryContext): PackRanges {
  const storage = openStorage(context.location)
  return {
    read: (packId, offset, target) => storage.readRangeSync(`packs/${packId}`, offset, target),
    size: async (packId) => (await storage.stat(`packs/${packId}`)).bytes,
    close: () => storage.close(),
  }
}
