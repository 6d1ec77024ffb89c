import type { BlobLocation } from '../../catalogue/blob-location.ts'
import { isRegular } from '../../format/tree/entry-kind.ts'
import { depthOfFlags } from '../../format/tree/entry-flags.ts'
import { readContent } from '../../format/tree/content-reader.ts'
import { idBytes, idWords } from '../../model/ids.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { MetReferences } from '../../repository/met-references.ts'
import { isLoss } from '../../repository/loss.ts'
import type { Repository } from '../../repository/repository.ts'
import { entryCountOf, walkTree } from '../../repository/tree-walk.ts'
import { RepositoryError } from '../../foundation/errors.ts'
import { chooseCopy } from './choose-copy.ts'
import type { ClaimedCopy } from './copy-prover.ts'
import { PackPlaces, type LivePlaces } from './live-places.ts'

const idsPerLookup = 8192
/** Places are by id alone here. */
const anyLength = 0

/** Packs that are not like others, by row. */
export interface PackStates {
  /** Not in the storage. */
  readonly lost: ReadonlySet<number>
  /** About to be deleted: a copy in them counts only when there is no other. */
  readonly condemned: ReadonlySet<number>
}

/**
 * Which blobs the snapshots need, as places in packs. A blob that lies in several packs is needed in one of them. Memory: eight bytes for each
 * live blob, the ids of the directories seen and of the blobs that lie in several places, and 14 MB at most for those marked lately.
 */
export class LiveBlobs {
  readonly #repository: Repository
  readonly #packs = new Map<number, PackPlaces>()
  readonly #seenTrees = new Set<string>()
  readonly #seenLists = new Set<string>()
  readonly #duplicated: ReadonlySet<string>
  readonly #neededDuplicates = new Set<string>()
  /** Of each of those all places that are there, and the one where it is kept. */
  readonly #copies = new Map<
    string,
    { readonly all: readonly BlobLocation[]; kept: BlobLocation }
  >()
  /** Places of copies that were read: whether they are what they have to be. */
  readonly #proofs = new Map<string, boolean>()
  readonly #liveCounts = new Map<number, number>()
  readonly #states: PackStates
  readonly #ids = Buffer.allocUnsafeSlow(idsPerLookup * idBytes)
  readonly #idWords = new Uint32Array(this.#ids.buffer)
  /** What was marked lately: the next version of a tree needs most of it, too. What is lost or lies in several places is never among it. */
  readonly #marked: MetReferences
  #waiting = 0
  #toleratesLoss = false
  #losses = 0

  constructor(repository: Repository, states: PackStates) {
    this.#repository = repository
    this.#states = states
    this.#duplicated = repository.catalogue.blobs.duplicatedIds()
    this.#marked = new MetReferences(repository.catalogue.blobs.count())
  }

  /**
   * Marks all that a snapshot needs.
   *
   * @throws {RepositoryError} when any of it cannot be found or read: then nothing may be removed
   */
  mark(snapshot: Snapshot): void {
    this.#toleratesLoss = false
    this.#markTree(snapshot)
  }

  /**
   * Marks what is left of a snapshot. Only after all snapshots that have to be whole: their directories are not looked at again.
   *
   * @returns False when anything is lost
   */
  markRest(snapshot: Snapshot): boolean {
    this.#toleratesLoss = true
    const before = this.#losses
    this.#markTree(snapshot)
    return this.#losses === before
  }

  /**
   * Decides in which pack each blob is kept that lies in several. Call it when everything is marked, and again when a copy has turned out not to be
   * what it has to be: then another one is kept besides.
   */
  settleCopies(): void {
    const marks: [key: string, place: BlobLocation][] = []
    for (const key of this.#neededDuplicates) {
      const known = this.#copies.get(key)
      const all = known?.all ?? this.#placesOf(key)
      const isWrong = (place: BlobLocation): boolean =>
        this.#proofs.get(placeKey(key, place)) === false
      const kept = chooseCopy(
        all.map((place) => ({ ...place, packRow: place.pack.row })),
        {
          liveCountOf: (row) => this.#liveCounts.get(row) ?? 0,
          isCondemned: (row) => this.#states.condemned.has(row),
          isDamaged: isWrong,
        },
      )
      // Whether a repair can make anything of one of them is for that to find out: all stay.
      if (isWrong(kept)) for (const place of all) marks.push([key, place])
      else if (!known || placeKey(key, known.kept) !== placeKey(key, kept)) marks.push([key, kept])
      this.#copies.set(key, { all, kept })
    }
    // What is chosen must not depend on what was chosen before.
    for (const [key, { pack, segment, offset }] of marks) {
      this.#markAt(Buffer.from(key, 'latin1'), pack.row, segment, offset)
    }
  }

  #placesOf(key: string): BlobLocation[] {
    return this.#repository.catalogue.blobs
      .findAll(Buffer.from(key, 'latin1'))
      .filter(({ pack }) => !this.#states.lost.has(pack.row))
  }

  /**
   * The copies that are kept although nobody has read them, while another copy goes. By pack.
   *
   * @param isLeaving whether a pack goes
   * @param isRewritten whether all that is needed of a pack is copied, and proved by that
   */
  unprovedCopies(
    isLeaving: (packRow: number) => boolean,
    isRewritten: (packRow: number) => boolean,
  ): Map<number, ClaimedCopy[]> {
    const unproved = new Map<number, ClaimedCopy[]>()
    for (const [key, { all, kept }] of this.#copies) {
      const { row } = kept.pack
      if (isRewritten(row) || this.#proofs.has(placeKey(key, kept))) continue
      if (!all.some(({ pack }) => pack.row !== row && isLeaving(pack.row))) continue
      const copy = { id: Buffer.from(key, 'latin1'), location: kept }
      const ofPack = unproved.get(row)
      if (ofPack) ofPack.push(copy)
      else unproved.set(row, [copy])
    }
    return unproved
  }

  /** @param wrong those of the copies that are not the blobs that they are said to be */
  noteProofs(copies: readonly ClaimedCopy[], wrong: readonly ClaimedCopy[]): void {
    for (const copy of copies) {
      const place = placeKey(copy.id.toString('latin1'), copy.location)
      this.#proofs.set(place, !wrong.includes(copy))
    }
  }

  /** Places of the live blobs of each segment of a pack that has any; undefined when it has none. */
  inPack(packRow: number): ReadonlyMap<number, LivePlaces> | undefined {
    return this.#packs.get(packRow)?.bySegment()
  }

  /** Whether anything in the pack is live. */
  isNeeded(packRow: number): boolean {
    return this.#packs.has(packRow)
  }

  /** Rows of the packs that hold live blobs. */
  get packRows(): Iterable<number> {
    return this.#packs.keys()
  }

  #markTree(snapshot: Snapshot): void {
    const id = Buffer.from(snapshot.tree.id, 'hex')
    const top = { id, bytes: snapshot.tree.bytes }
    const walk = walkTree(this.#repository, top, entryCountOf(snapshot), {
      // What leads to a loss is not among them afterwards: another snapshot must meet it again.
      seen: this.#seenTrees,
      looksAhead: true,
      onPage: (pageId) => this.#add(pageId),
      // What a snapshot needs stays, restorable or not.
      depthMax: Infinity,
      ...(this.#toleratesLoss && { onLoss: () => (this.#losses += 1) }),
    })
    for (const { page } of walk) {
      for (let index = 0; index < page.entryCount; index++) {
        if (!isRegular(page.mode(index))) continue
        if (depthOfFlags(page.flags(index)) > 0) {
          this.#addLists(page, index)
          continue
        }
        const idsAt = page.chunkIdsStart >>> 2
        for (let item = page.chunkOffsets[index]; item < page.chunkOffsets[index + 1]; item++) {
          if (this.#marked.find(page.words, idsAt + item * idWords, anyLength) >= 0) continue
          this.#add(page.chunkId(item))
        }
      }
    }
    this.#flush()
  }

  #addLists(page: Parameters<typeof readContent>[0], index: number): void {
    try {
      const content = readContent(
        page,
        index,
        (id) => {
          this.#add(id)
          return this.#repository.trees.readList(id)
        },
        { seen: this.#seenLists },
      )
      while (content.next()) if (!content.isHole) this.#add(content.id)
    } catch (error) {
      if (!this.#toleratesLoss || !isLoss(error)) throw error
      // Lists that were read half are among them.
      this.#seenLists.clear()
      this.#losses += 1
    }
  }

  #add(id: Uint8Array): void {
    if (isZero(id)) return
    this.#ids.set(id, this.#waiting * idBytes)
    this.#waiting += 1
    if (this.#waiting === idsPerLookup) this.#flush()
  }

  #flush(): void {
    const count = this.#waiting
    this.#waiting = 0
    const ids = this.#ids.subarray(0, count * idBytes)
    const { packs, segments, offsets } = this.#repository.catalogue.blobs.findMany(ids)
    for (let item = 0; item < count; item++) {
      const id = ids.subarray(item * idBytes, (item + 1) * idBytes)
      const row = packs[item]
      if (row === 0) this.#noteLoss(id, 'no index object names it')
      else if (this.#duplicated.has(id.toString('latin1'))) this.#addDuplicate(id)
      else if (this.#states.lost.has(row)) this.#noteLoss(id, 'its pack is not there')
      else {
        const segment = segments[item]
        this.#markAt(id, row, segment, offsets[item])
        const place = { packRow: row, segment, lengthBytes: anyLength }
        this.#marked.add(this.#idWords, item * idWords, place)
      }
    }
  }

  #addDuplicate(id: Buffer): void {
    const key = id.toString('latin1')
    if (this.#neededDuplicates.has(key)) return
    const copies = this.#repository.catalogue.blobs.findAll(id)
    if (copies.some(({ pack }) => !this.#states.lost.has(pack.row))) this.#neededDuplicates.add(key)
    else this.#noteLoss(id, 'none of its packs is there')
  }

  #noteLoss(id: Buffer, state: string): void {
    if (!this.#toleratesLoss) throw missing(id, state)
    this.#losses += 1
  }

  #markAt(id: Buffer, packRow: number, segment: number, offset: number): void {
    let places = this.#packs.get(packRow)
    if (!places) this.#packs.set(packRow, (places = new PackPlaces()))
    places.add(segment, offset, id)
    this.#liveCounts.set(packRow, (this.#liveCounts.get(packRow) ?? 0) + 1)
  }
}

function placeKey(key: string, { pack, segment, offset }: BlobLocation): string {
  return `${key} ${pack.row} ${segment} ${offset}`
}

function isZero(id: Uint8Array): boolean {
  return id.every((byte) => byte === 0)
}

function missing(id: Buffer, state: string): RepositoryError {
  const hex = id.toString('hex')
  return new RepositoryError(
    'OBJECT_MISSING',
    `Cannot prune: a snapshot needs blob "${hex}": ${state}`,
    {
      remedy:
        'Run `holdfast check`, then `holdfast repair packs`; a new backup stores again what is still there. Nothing was removed',
      facts: { blobId: hex },
    },
  )
}
