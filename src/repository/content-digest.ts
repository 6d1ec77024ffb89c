import { createHash } from 'node:crypto'

import { idBytes } from '../model/ids.ts'

/** What a digest of an entry's references is made of; a checked tree page has it. */
export interface ReferenceColumns {
  readonly bytes: Buffer
  readonly entryCount: number
  readonly chunkOffsets: Uint32Array
  readonly chunkIdsStart: number
}

/**
 * Says what a file holds: together with its size equal for equal contents, and for no others. The id of its only reference, or a digest of
 * all references and how much each covers (holes of different lengths have one id). Files of more references than a page takes refer to
 * lists, whose ids follow from what is in them.
 *
 * @param target 32 bytes, for an entry that has references
 */
export function writeContentId(page: ReferenceColumns, index: number, target: Buffer): void {
  const { bytes, chunkOffsets, chunkIdsStart } = page
  const first = chunkOffsets[index]
  const end = chunkOffsets[index + 1]
  const idsStart = chunkIdsStart + idBytes * first
  if (end - first === 1) {
    bytes.copy(target, 0, idsStart, idsStart + idBytes)
    return
  }
  const highStart = chunkIdsStart - 4 * chunkOffsets[page.entryCount]
  const lowStart = highStart - 4 * chunkOffsets[page.entryCount]
  createHash('sha256')
    .update(bytes.subarray(idsStart, chunkIdsStart + idBytes * end))
    .update(bytes.subarray(lowStart + 4 * first, lowStart + 4 * end))
    .update(bytes.subarray(highStart + 4 * first, highStart + 4 * end))
    .digest()
    .copy(target)
}
