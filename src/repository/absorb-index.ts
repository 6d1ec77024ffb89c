import type { IndexedPack, PackRow } from '../catalogue/blob-location.ts'
import type { NewTreePage } from '../catalogue/tree-table.ts'
import { createBlobHasher, type BlobHasher } from '../format/hashing/blob-hasher.ts'
import type { IndexEntry } from '../format/index-object/index-object.ts'
import { decodePackTrailer, type PackTrailer } from '../format/pack/pack-trailer.ts'
import { decodeTreePage } from '../format/tree/tree-page.ts'
import { DamageError, type RepositoryError } from '../foundation/errors.ts'
import { idBytes, type ObjectId } from '../model/ids.ts'
import { isLoss } from './loss.ts'
import type { Repository } from './repository.ts'
import { blobKinds } from './segment-buffer.ts'
import { SegmentReader } from './segment-reader.ts'

const pageMagic = 0x54

/**
 * Enters an index object into the catalogue: packs, segments, blobs, and the tree pages that its packs hold. One transaction, so the catalogue
 * knows either all of it or nothing.
 *
 * @returns what could not be read; its entries are missing in the catalogue, and everything else is there
 */
export function absorbIndex(
  repository: Repository,
  id: ObjectId,
  entries: readonly IndexEntry[],
): RepositoryError[] {
  const { catalogue } = repository
  const damages: RepositoryError[] = []
  const packs = entries.map((entry) => ({ entry, trailer: decodePackTrailer(entry.trailer) }))
  const indexed: IndexedPack[] = packs.map(({ entry, trailer }) => ({ ...entry, trailer }))
  const segments = new SegmentReader(repository.context, repository.storage, 0)
  const hasher = createBlobHasher(repository.context.keys.treeIdKey)
  catalogue.transaction(() => {
    const newPacks = packs.filter(({ entry }) => !catalogue.blobs.hasPack(entry.packId))
    if (!catalogue.indexObjects.add(id, indexed)) return
    for (const { entry, trailer } of newPacks) {
      const pack = catalogue.blobs.packById(entry.packId)
      if (!pack) continue
      try {
        catalogue.trees.add(treePagesOf(segments, pack, { trailer, hasher, damages }))
      } catch (error) {
        if (!isLoss(error)) throw error
        damages.push(error)
      }
    }
  })
  return damages
}

function* treePagesOf(
  reader: SegmentReader,
  pack: PackRow,
  {
    trailer,
    hasher,
    damages,
  }: { trailer: PackTrailer; hasher: BlobHasher; damages: RepositoryError[] },
): Generator<NewTreePage> {
  for (let segment = 0; segment < trailer.segmentCount; segment++) {
    if (trailer.kinds[segment] !== blobKinds.tree) continue
    const plain = reader.read({
      pack,
      segment,
      segmentOffset: trailer.offsets[segment],
      payloadBytes: trailer.payloadBytes[segment],
      plainBytes: trailer.plainBytes[segment],
      codec: trailer.codecs[segment],
    })
    let offset = 0
    const first = trailer.firstBlobs[segment]
    for (let blob = first; blob < first + trailer.blobCounts[segment]; blob++) {
      const bytes = plain.subarray(offset, offset + trailer.blobLengths[blob])
      offset += bytes.length
      // The other tree blobs are content lists, which no look-up needs.
      if (bytes[0] !== pageMagic) continue
      const id = trailer.ids.subarray(blob * idBytes, (blob + 1) * idBytes)
      // Whoever has the key could name a page of his by the id of another, and every search would find it in that one's place.
      if (hasher.hash(bytes).equals(id)) yield { id, page: decodeTreePage(bytes) }
      else damages.push(new DamageError(`packs/${pack.id}: a tree page has another hash`))
    }
  }
}
