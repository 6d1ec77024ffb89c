import { openStorage } from '../storage/open-storage.ts'
import type { ObjectRange } from '../storage/object-range.ts'
import type { RepositoryContext } from './repository-context.ts'

/** Of a pack that is fetched ahead. */
const pieceBytes = 1024 * 1024

/** Reads parts of packs on the calling thread. */
export interface PackRanges {
  /** Fills `target` with the pack's bytes from `offset`. */
  read(packId: string, offset: number, target: Uint8Array): void
  /** Tells a storage that is far away that all of the pack will be read, from front to back. */
  expect(packId: string, packBytes: number): void
  /** Length of the pack in bytes. */
  size(packId: string): Promise<number>
  close(): Promise<void>
}

export function openPackRanges(context: RepositoryContext): PackRanges {
  const storage = openStorage(context.location)
  return {
    read: (packId, offset, target) => storage.readRangeSync(`packs/${packId}`, offset, target),
    expect: (packId, packBytes) => {
      if (!storage.capabilities.isRemote) return
      const name = `packs/${packId}`
      const ranges: ObjectRange[] = []
      for (let offsetBytes = 0; offsetBytes < packBytes; offsetBytes += pieceBytes) {
        const lengthBytes = Math.min(pieceBytes, packBytes - offsetBytes)
        ranges.push({ name, offsetBytes, lengthBytes })
      }
      storage.expectRanges(ranges)
    },
    size: async (packId) => (await storage.stat(`packs/${packId}`)).bytes,
    close: () => storage.close(),
  }
}
