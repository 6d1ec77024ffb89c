import type { PackRow } from '../../catalogue/blob-location.ts'
import { decodeIndexObject, type IndexEntry } from '../../format/index-object/index-object.ts'
import { decodePackTrailer, type PackTrailer } from '../../format/pack/pack-trailer.ts'
import { DamageError } from '../../foundation/errors.ts'
import { idBytes, type PackId } from '../../model/ids.ts'
import { readAhead } from '../../repository/read-ahead.ts'
import { readEnds } from '../../repository/read-ends.ts'
import type { Repository } from '../../repository/repository.ts'
import { listIndexNames } from '../../repository/unlisted-objects.ts'
import type { LiveBlobs } from './live-blobs.ts'
import { isIdOfPlace, type LivePlaces, offsetOfPlace } from './live-places.ts'
import { packAccessOf } from './pack-access.ts'
import type { PackUse } from './prune-plan.ts'

/**
 * Measures what of each pack is live. A storage that is far away is not asked for a part of every pack, but for its index objects, which hold the
 * same of many packs and are sealed as well.
 *
 * @param packs lengths are those in the storage
 * @throws {DamageError} when the catalogue and a pack disagree
 */
export async function measurePackUses(
  repository: Repository,
  packs: readonly PackRow[],
  live: LiveBlobs,
  signal: AbortSignal | undefined,
): Promise<PackUse[]> {
  if (!repository.storage.capabilities.isRemote) {
    const uses: PackUse[] = []
    for (const pack of packs) {
      signal?.throwIfAborted()
      uses.push(await measurePackUse(repository, pack, live))
    }
    return uses
  }
  const liveBytes = await liveBytesByIndex(repository, packs, live, signal)
  return packs.map((pack) => {
    const bytes = live.isNeeded(pack.row) ? liveBytes.get(pack.id) : 0
    if (bytes === undefined) throw disagreement()
    return { pack, liveBytes: bytes, deadBytes: totalBytesOf(repository, pack) - bytes }
  })
}

async function liveBytesByIndex(
  repository: Repository,
  packs: readonly PackRow[],
  live: LiveBlobs,
  signal: AbortSignal | undefined,
): Promise<Map<PackId, number>> {
  const { storage } = repository
  const rows = new Map(packs.map(({ id, row }) => [id, row]))
  const liveBytes = new Map<PackId, number>()
  const read = async (name: string): Promise<IndexEntry[]> =>
    decodeIndexObject(await repository.readSmallObject('index', name))
  await readAhead(storage, await listIndexNames(repository), read, async (_name, index) => {
    signal?.throwIfAborted()
    for (const { packId, trailer } of await index) {
      const row = rows.get(packId)
      const marked = row === undefined ? undefined : live.inPack(row)
      if (marked) liveBytes.set(packId, liveBytesOfPack(decodePackTrailer(trailer), marked))
    }
  })
  return liveBytes
}

/**
 * Measures what of a pack is live. A pack with anything live is asked itself: the catalogue has no checksums, and one wrong row
 * would cost a live blob.
 *
 * @throws {DamageError} when the catalogue and the pack disagree
 */
async function measurePackUse(
  repository: Repository,
  pack: PackRow,
  live: LiveBlobs,
): Promise<PackUse> {
  const marked = live.inPack(pack.row)
  const totalBytes = totalBytesOf(repository, pack)
  if (!marked) return { pack, liveBytes: 0, deadBytes: totalBytes }
  const access = packAccessOf(repository)
  const { trailer } = await readEnds(repository.storage, pack.id, pack.bytes, access)
  const liveBytes = liveBytesOfPack(trailer, marked)
  return { pack, liveBytes, deadBytes: totalBytes - liveBytes }
}

function totalBytesOf({ catalogue }: Repository, { row }: PackRow): number {
  return catalogue.blobs.segments(row).reduce((sum, segment) => sum + segment.plainBytes, 0)
}

function liveBytesOfPack(trailer: PackTrailer, marked: ReadonlyMap<number, LivePlaces>): number {
  let bytes = 0
  for (const [segment, places] of marked) bytes += liveBytesOf(trailer, segment, places)
  return bytes
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
