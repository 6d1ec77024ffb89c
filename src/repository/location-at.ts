import type { BlobLocation, BlobLocations, PackRow } from '../catalogue/blob-location.ts'

/**
 * Turns one row of a look-up of many blobs into a location.
 *
 * @param blobs the table that was asked
 * @returns undefined when the blob is not known
 */
export function locationAt(
  blobs: { pack(row: number): PackRow | undefined },
  locations: BlobLocations,
  position: number,
): BlobLocation | undefined {
  const row = locations.packs[position]
  const pack = row === 0 ? undefined : blobs.pack(row)
  if (!pack) return undefined
  return {
    pack,
    segment: locations.segments[position],
    segmentOffset: locations.segmentOffsets[position],
    payloadBytes: locations.payloadBytes[position],
    plainBytes: locations.plainBytes[position],
    codec: locations.codecs[position],
    kind: locations.kinds[position],
    offset: locations.offsets[position],
    length: locations.lengths[position],
  }
}
