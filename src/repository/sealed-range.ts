import type { ObjectRange } from '../storage/object-range.ts'

const tagBytes = 16

/** Where a segment is in the storage. @param offset where its payload begins in the pack */
export function sealedRangeOf(
  packId: string,
  { offset, payloadBytes }: { readonly offset: number; readonly payloadBytes: number },
): ObjectRange {
  return {
    name: `packs/${packId}`,
    offsetBytes: offset,
    lengthBytes: payloadBytes + tagBytes,
  }
}
