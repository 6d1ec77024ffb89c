import { idBytes } from '../../model/ids.ts'
import type { WalkOutput } from './walk-contract.ts'

/** Any id that is not the one of a hole: pages are built and read back on a dry run too, and stored nowhere. */
const placeholderId = Buffer.alloc(idBytes, 1)

/** The output of a walk that only looks and counts. */
export const previewOutput: WalkOutput = {
  storeTree: () => placeholderId,
  readBatch: null,
  ownBatchBytesMin: Infinity,
  turn: () => null,
  room: async () => undefined,
}
