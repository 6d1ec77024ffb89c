import { isRegular } from '../../format/tree/entry-kind.ts'
import { depthOfFlags } from '../../format/tree/entry-flags.ts'
import { readContent } from '../../format/tree/content-reader.ts'
import { idBytes } from '../../model/ids.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { Repository } from '../../repository/repository.ts'
import { entryCountOf, walkTree } from '../../repository/tree-walk.ts'
import { RepositoryError } from '../../foundation/errors.ts'
import { LivePlaces, placeOf } from './live-places.ts'

const idsPerLookup = 8192

/**
 * Which blobs the snapshots need, as places in packs.
 *
 * A blob that lies in several packs stays in all of them that are there: nobody has read which copies are whole. Memory: eight bytes for
 * each live blob and the ids of the directories seen.
 */
export class LiveBlobs {
  readonly #repository: Repository
  readonly #packs = new Map<number, Map<number, LivePlaces>>()
  readonly #seenTrees = new Set<string>()
  readonly #duplicated: ReadonlySet<string>
  readonly #lostPacks: ReadonlySet<number>
  readonly #ids = Buffer.allocUnsafeSlow(idsPerLookup * idBytes)
  #waiting = 0

  /** @param lostPacks rows of packs that are not in the storage */
  constructor(repository: Repository, lostPacks: ReadonlySet<number>) {
    this.#repository = repository
    this.#lostPacks = lostPacks
    this.#duplicated = repository.catalogue.blobs.duplicatedIds()
  }

  /**
   * Marks all that a snapshot needs.
   *
   * @throws {RepositoryError} when any of it cannot be found or read: then nothing may be removed
   */
  mark(snapshot: Snapshot): void {
    const id = Buffer.from(snapshot.tree.id, 'hex')
    if (!this.#isNewTree(id)) return
    const top = { id, bytes: snapshot.tree.bytes }
    const walk = walkTree(this.#repository, top, entryCountOf(snapshot), {
      enter: ({ page }, index) => this.#isNewTree(page.chunkId(page.chunkOffsets[index])),
      onPage: (pageId) => this.#add(pageId),
    })
    for (const { page } of walk) {
      for (let index = 0; index < page.entryCount; index++) {
        if (!isRegular(page.mode(index))) continue
        if (depthOfFlags(page.flags(index)) > 0) {
          this.#addLists(page, index)
          continue
        }
        for (let item = page.chunkOffsets[index]; item < page.chunkOffsets[index + 1]; item++) {
          this.#add(page.chunkId(item))
        }
      }
    }
    this.#flush()
  }

  /** Places of the live blobs of each segment of a pack that has any; undefined when it has none. */
  inPack(packRow: number): ReadonlyMap<number, LivePlaces> | undefined {
    return this.#packs.get(packRow)
  }

  /** Rows of the packs that hold live blobs. */
  get packRows(): Iterable<number> {
    return this.#packs.keys()
  }

  #addLists(page: Parameters<typeof readContent>[0], index: number): void {
    const content = readContent(page, index, (id) => {
      this.#add(id)
      return this.#repository.trees.readList(id)
    })
    while (content.next()) if (!content.isHole) this.#add(content.id)
  }

  #isNewTree(id: Buffer): boolean {
    const key = id.toString('latin1')
    if (this.#seenTrees.has(key)) return false
    this.#seenTrees.add(key)
    return true
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
    const { blobs } = this.#repository.catalogue
    const { packs, segments, offsets } = blobs.findMany(ids)
    for (let item = 0; item < count; item++) {
      const id = ids.subarray(item * idBytes, (item + 1) * idBytes)
      if (packs[item] === 0) throw missing(id, 'no index object names it')
      if (this.#duplicated.has(id.toString('latin1'))) this.#markCopies(id)
      else this.#markAt(id, packs[item], segments[item], offsets[item])
    }
  }

  #markCopies(id: Buffer): void {
    const copies = this.#repository.catalogue.blobs.findAll(id)
    const whole = copies.filter(({ pack }) => !this.#lostPacks.has(pack.row))
    if (whole.length === 0) throw missing(id, 'none of its packs is there')
    for (const { pack, segment, offset } of whole) this.#markAt(id, pack.row, segment, offset)
  }

  #markAt(id: Buffer, packRow: number, segment: number, offset: number): void {
    if (this.#lostPacks.has(packRow)) throw missing(id, 'its pack is not there')
    let bySegment = this.#packs.get(packRow)
    if (!bySegment) this.#packs.set(packRow, (bySegment = new Map()))
    let live = bySegment.get(segment)
    if (!live) bySegment.set(segment, (live = new LivePlaces()))
    live.add(placeOf(offset, id, 0))
  }
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
      remedy: 'Run `holdfast repair catalogue`, then `holdfast verify --all`; nothing was removed',
      facts: { blobId: hex },
    },
  )
}
