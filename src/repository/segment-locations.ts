import { segmentKey } from '../catalogue/blob-lookup.ts'
import type { BlobLocation, BlobLocations, PackRow } from '../catalogue/blob-location.ts'
import { locationAt } from './location-at.ts'

/** One location for each segment, in the order in which they come first. */
export function* firstOfSegments(
  blobs: { pack(row: number): PackRow | undefined },
  locations: BlobLocations,
): Generator<BlobLocation> {
  const seen = new Set<number>()
  for (let position = 0; position < locations.packs.length; position++) {
    if (locations.packs[position] === 0) continue
    const key = segmentKey(locations.packs[position], locations.segments[position])
    if (seen.has(key)) continue
    seen.add(key)
    const location = locationAt(blobs, locations, position)
    if (location) yield location
  }
}
