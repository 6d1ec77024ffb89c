/** Places of blobs of one pack, summed up so that their order does not matter. */
export interface PlacesMark {
  readonly count: number
  /** Tells honest mistakes apart, not forgeries: 32 bits. */
  readonly sum: number
}

/** The part of one place in the sum. */
export function markOfPlace(
  id: Uint8Array,
  idStart: number,
  place: { readonly segment: number; readonly offset: number; readonly length: number },
): number {
  let mark =
    id[idStart] | (id[idStart + 1] << 8) | (id[idStart + 2] << 16) | (id[idStart + 31] << 24)
  mark = Math.imul(mark ^ place.segment, 0x85ebca6b)
  mark = Math.imul(mark ^ (mark >>> 13) ^ place.offset, 0xc2b2ae35)
  mark = Math.imul(mark ^ (mark >>> 16) ^ place.length, 0x27d4eb2f)
  return mark >>> 0
}

export function addToMark(sum: number, mark: number): number {
  return (sum + mark) >>> 0
}
