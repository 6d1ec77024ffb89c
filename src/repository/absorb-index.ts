import type { PackRow } from '../catalogue/blob-location.ts'
import type { IndexIntake } from '../catalogue/index-intake.ts'
import type { NewTreePage } from '../catalogue/tree-table.ts'
import { createBlobHasher, type BlobHasher } from '../format/hashing/blob-hasher.ts'
import type { IndexEntry } from '../format/index-object/index-object.ts'
import { decodePackTrailer, type PackTrailer } from '../format/pack/pack-trailer.ts'
import { decodeTreePage } from '../format/tree/tree-page.ts'
import { DamageError, type RepositoryError } from '../foundation/errors.ts'
import { idBytes, type ObjectId, type PackId } from '../model/ids.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { PackStorage } from '../storage/pack-storage.ts'
import { isLoss } from './loss.ts'
import { PagePacker } from './page-packing.ts'
import type { Repository } from './repository.ts'
import { blobKinds } from './segment-buffer.ts'
import { SegmentReader, type SegmentLocation } from './segment-reader.ts'

const pageMagic = 0x54

/** What goes into the catalogue in one transaction. */
export interface AbsorbLimits {
  readonly blobs: number
  /** What is kept in memory of blobs that may be pages of directories. */
  readonly keptBytes: number
}

const limitsDefault: AbsorbLimits = { blobs: 8_000_000, keptBytes: 32 * 1024 * 1024 }

/** What of an index object could not be read. */
export interface AbsorbDamage {
  readonly id: ObjectId
  readonly error: RepositoryError
}

/** A segment of tree blobs, and what its pack says of them. */
interface TreeSegment {
  readonly location: Omit<SegmentLocation, 'pack'>
  readonly lengths: Uint32Array
  readonly ids: Buffer
}

interface PackWithTrees {
  readonly indexId: ObjectId
  readonly packId: PackId
  readonly segments: readonly TreeSegment[]
}

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
  const absorber = new IndexAbsorber(repository)
  try {
    absorber.gather(id, entries)
    return absorber.enter().map(({ error }) => error)
  } finally {
    absorber.close()
  }
}

/**
 * Enters many index objects, as `absorbIndex` does one: those that were gathered go in together. With 20,000,000 blobs that takes a tenth of
 * the time and of the writing that one after the other takes. Close it.
 */
export class IndexAbsorber {
  readonly #repository: Repository
  readonly #hasher: BlobHasher
  readonly #packer = new PagePacker()
  #intake: IndexIntake
  #packs: PackWithTrees[] = []
  readonly #limits: AbsorbLimits
  #keptBytes = 0

  constructor(repository: Repository, limits: AbsorbLimits = limitsDefault) {
    this.#limits = limits
    this.#repository = repository
    this.#hasher = createBlobHasher(repository.context.keys.treeIdKey)
    this.#intake = repository.catalogue.indexObjects.newIntake()
  }

  /** Whether what is gathered should be entered before more is. */
  get isFull(): boolean {
    return (
      this.#intake.blobs.count >= this.#limits.blobs || this.#keptBytes >= this.#limits.keptBytes
    )
  }

  /** @throws {DamageError} when an entry is not what the format says; nothing of the object is taken then */
  gather(id: ObjectId, entries: readonly IndexEntry[]): void {
    const packs = entries.map((entry) => ({ entry, trailer: decodePackTrailer(entry.trailer) }))
    this.#intake.add(
      id,
      packs.map(({ entry, trailer }) => ({ ...entry, trailer })),
    )
    for (const { entry, trailer } of packs) {
      const segments = treeSegmentsOf(trailer)
      if (segments.length === 0) continue
      this.#packs.push({ indexId: id, packId: entry.packId, segments })
      for (const { ids, lengths } of segments) this.#keptBytes += ids.length + lengths.byteLength
    }
  }

  /** One transaction. @returns what could not be read; its entries are missing in the catalogue, and everything else is there */
  enter(): AbsorbDamage[] {
    const { catalogue } = this.#repository
    const damages: AbsorbDamage[] = []
    if (this.#intake.objects.length > 0) {
      catalogue.transaction(() => {
        const { packs } = catalogue.indexObjects.addAll(this.#intake)
        this.#addTrees(packs, damages)
      })
    }
    this.close()
    this.#intake = catalogue.indexObjects.newIntake()
    this.#packs = []
    this.#keptBytes = 0
    return damages
  }

  close(): void {
    this.#intake.close()
  }

  #addTrees(newPacks: ReadonlySet<PackId>, damages: AbsorbDamage[]): void {
    const { storage } = this.#repository
    if (!storage.capabilities.isRemote) {
      this.#readTrees(storage, newPacks, damages)
      return
    }
    // What this machine has stored itself lies near; what others have is needed once, to go into the catalogue.
    const near = openStorage(storage.location)
    near.keepNear(true)
    try {
      this.#readTrees(near, newPacks, damages)
    } finally {
      void near.close()
    }
  }

  #readTrees(storage: PackStorage, newPacks: ReadonlySet<PackId>, damages: AbsorbDamage[]): void {
    const { catalogue, context } = this.#repository
    const reader = new SegmentReader(context, storage, 0)
    if (storage.capabilities.isRemote) reader.expect(this.#newSegments(newPacks))
    const done = new Set<PackId>()
    for (const { indexId, packId, segments } of this.#packs) {
      if (!newPacks.has(packId) || done.has(packId)) continue
      done.add(packId)
      const pack = catalogue.blobs.packById(packId)
      if (!pack) continue
      const note = (error: RepositoryError): void => {
        damages.push({ id: indexId, error })
      }
      try {
        catalogue.trees.add(this.#pagesOf(reader, pack, segments, note))
      } catch (error) {
        if (!isLoss(error)) throw error
        note(error)
      }
    }
  }

  /** In the order in which `#readTrees` comes to them. */
  *#newSegments(newPacks: ReadonlySet<PackId>): Generator<SegmentLocation> {
    const { blobs, trees } = this.#repository.catalogue
    const done = new Set<PackId>()
    for (const { packId, segments } of this.#packs) {
      if (!newPacks.has(packId) || done.has(packId)) continue
      done.add(packId)
      const pack = blobs.packById(packId)
      if (!pack) continue
      for (const { location, ids } of segments) {
        if (!trees.hasAll(ids)) yield { pack, ...location }
      }
    }
  }

  *#pagesOf(
    reader: SegmentReader,
    pack: PackRow,
    segments: readonly TreeSegment[],
    note: (error: RepositoryError) => void,
  ): Generator<NewTreePage> {
    const { trees } = this.#repository.catalogue
    for (const { location, lengths, ids } of segments) {
      // A prune copies pages that are known from the pack where they were before.
      if (trees.hasAll(ids)) continue
      const plain = reader.read({ pack, ...location })
      let offset = 0
      for (let blob = 0; blob < lengths.length; blob++) {
        const bytes = plain.subarray(offset, offset + lengths[blob])
        offset += bytes.length
        // The other tree blobs are content lists, which no look-up needs.
        if (bytes[0] !== pageMagic) continue
        const id = ids.subarray(blob * idBytes, (blob + 1) * idBytes)
        // Whoever has the key could name a page of his by the id of another, and every search would find it in that one's place.
        if (this.#hasher.hash(bytes).equals(id)) {
          yield { id, page: decodeTreePage(bytes), content: this.#packer.pack(bytes) }
        } else note(new DamageError(`packs/${pack.id}: a tree page has another hash`))
      }
    }
  }
}

/** Copies, because views would keep the whole index object in memory. */
function treeSegmentsOf(trailer: PackTrailer): TreeSegment[] {
  const segments: TreeSegment[] = []
  for (let segment = 0; segment < trailer.segmentCount; segment++) {
    if (trailer.kinds[segment] !== blobKinds.tree) continue
    const first = trailer.firstBlobs[segment]
    const end = first + trailer.blobCounts[segment]
    segments.push({
      location: {
        segment,
        segmentOffset: trailer.offsets[segment],
        payloadBytes: trailer.payloadBytes[segment],
        plainBytes: trailer.plainBytes[segment],
        codec: trailer.codecs[segment],
      },
      lengths: trailer.blobLengths.slice(first, end),
      ids: Buffer.from(trailer.ids.subarray(first * idBytes, end * idBytes)),
    })
  }
  return segments
}
