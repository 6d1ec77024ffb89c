import type { PackRow } from '../../catalogue/blob-location.ts'
import { readPackTrailer } from '../../format/pack/pack-reader.ts'
import type { PackTrailer } from '../../format/pack/pack-trailer.ts'
import { DamageError } from '../../foundation/errors.ts'
import { idBytes } from '../../model/ids.ts'
import type { Repository } from '../../repository/repository.ts'
import type { LiveBlobs } from './live-blobs.ts'
import { isIdOfPlace, offsetOfPlace } from './live-places.ts'
import { packAccessOf } from './pack-access.ts'
import type { PackUse } from './prune-plan.ts'

/**
 * Measures what of a pack is live. A pack with anything live is asked itself: the catalogue has no checksums, and one wrong row
 * would cost a live blob.
 *
 * @throws {DamageError} when the catalogue and the pack disagree
 */
export async function measurePackUse(
  repository: Repository,
  pack: PackRow,
  live: LiveBlobs,
): Promise<PackUse> {
  const marked = live.inPack(pack.row)
  const segments = repository.catalogue.blobs.segments(pack.row)
  const totalBytes = segments.reduce((sum, segment) => sum + segment.plainBytes, 0)
  if (!marked) return { pack, liveBytes: 0, deadBytes: totalBytes }
  const name = `packs/${pack.id}`
  const { trailer } = await readPackTrailer(
    (offset, lengthBytes) => repository.storage.getRange(name, offset, lengthBytes),
    pack.bytes,
    packAccessOf(repository),
  )
  let liveBytes = 0
  for (const [segment, { unique }] of marked) liveBytes += liveBytesOf(trailer, segment, unique)
  return { pack, liveBytes, deadBytes: totalBytes - liveBytes }
}

/** @param live places of the live blobs in the segment, ascending */
function liveBytesOf(trailer: PackTrailer, segment: number, live: Float64Array): number {
  const first = trailer.firstBlobs[segment]
  const end = first + (trailer.blobCounts[segment] ?? 0)
  let bytes = 0
  let next = 0
  for (let blob = first, offset = 0; next < live.length; blob++) {
    // A segment that the pack does not have makes `end` no number.
    if (!(blob < end)) throw disagreement()
    if (offset === offsetOfPlace(live[next])) {
      if (!isIdOfPlace(live[next], trailer.ids, blob * idBytes)) throw disagreement()
      bytes += trailer.blobLengths[blob]
      next += 1
    }
    offset += trailer.blobLengths[blob]
  }
  return bytes
}

export function disagreement(): DamageError {
  return new DamageError('Cannot prune: the catalogue and a pack disagree about its blobs', {
    remedy: 'Run `holdfast repair catalogue`; nothing was removed',
  })
}
