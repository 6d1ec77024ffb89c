import { decodeIndexObject } from '../../format/index-object/index-object.ts'
import { decodePackTrailer, encodePackTrailer } from '../../format/pack/pack-trailer.ts'
import { isObjectId, type PackId } from '../../model/ids.ts'
import { isFinding } from '../loss.ts'
import type { Repository } from '../repository.ts'
import { readPackEnds } from './index-survey.ts'
import type { IndexedEnds } from './indexed-pack.ts'

/**
 * What is known of packs whose own header or trailer cannot be read: out of index objects, and out of the catalogue where these cannot be
 * read either. None of it is trusted: the tags of the segments prove it or not.
 */
export async function readIndexedEnds(
  repository: Repository,
  packIds: ReadonlySet<string>,
): Promise<Map<string, IndexedEnds>> {
  const ends = new Map<string, IndexedEnds>()
  for (const name of await repository.storage.listNames('index')) {
    if (ends.size === packIds.size) break
    try {
      for (const entry of decodeIndexObject(await repository.readSmallObject('index', name))) {
        if (!packIds.has(entry.packId) || ends.has(entry.packId)) continue
        // Copies: the views would keep the whole object.
        const { salt, trailer } = entry
        ends.set(entry.packId, { salt: Uint8Array.from(salt), trailer: Uint8Array.from(trailer) })
      }
    } catch (error) {
      if (!isFinding(error)) throw error
    }
  }
  for (const packId of packIds) {
    const known = ends.has(packId) ? undefined : endsInCatalogue(repository, packId)
    if (known) ends.set(packId, known)
  }
  return ends
}

/** Ids of all blobs that lie in the packs, 32 bytes each, one after the other. */
export async function readBlobIds(
  repository: Repository,
  packIds: ReadonlySet<string>,
): Promise<Map<string, Buffer>> {
  const ids = new Map<string, Buffer>()
  for (const [packId, { trailer }] of await readIndexedEnds(repository, packIds)) {
    ids.set(packId, decodePackTrailer(trailer).ids)
  }
  return ids
}

/** What a pack says itself of its blobs; nothing when its trailer cannot be read. */
export async function readOwnBlobIds(repository: Repository, packId: PackId): Promise<Buffer> {
  try {
    const { bytes } = await repository.storage.stat(`packs/${packId}`)
    const { trailer } = await readPackEnds(repository, packId, bytes)
    return trailer.ids
  } catch (error) {
    if (!isFinding(error)) throw error
    return Buffer.alloc(0)
  }
}

function endsInCatalogue({ catalogue }: Repository, packId: string): IndexedEnds | undefined {
  const pack = isObjectId(packId) ? catalogue.blobs.packById(packId) : undefined
  if (!pack) return undefined
  const segments = catalogue.blobs.segments(pack.row)
  const blobs = catalogue.blobs.blobsOf(pack.row)
  const blobCounts = new Uint32Array(segments.length)
  for (const { segment } of blobs) blobCounts[segment] += 1
  try {
    const trailer = encodePackTrailer({
      payloadBytes: segments.map(({ payloadBytes }) => payloadBytes),
      plainBytes: segments.map(({ plainBytes }) => plainBytes),
      blobCounts,
      codecs: segments.map(({ codec }) => codec),
      kinds: segments.map(({ kind }) => kind),
      blobLengths: blobs.map(({ length }) => length),
      ids: Buffer.concat(blobs.map(({ id }) => id)),
    })
    return { salt: Uint8Array.from(pack.salt), trailer: Uint8Array.from(trailer) }
  } catch (error) {
    // The rows make no sense.
    if (!(error instanceof RangeError)) throw error
    return undefined
  }
}
