import { isRegular } from '../../format/tree/entry-kind.ts'
import { depthOfFlags } from '../../format/tree/entry-flags.ts'
import { readContent } from '../../format/tree/content-reader.ts'
import { idBytes } from '../../model/ids.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { Repository } from '../../repository/repository.ts'
import { entryCountOf, walkTree } from '../../repository/tree-walk.ts'
import { RepositoryError } from '../../foundation/errors.ts'

const idsPerLookup = 8192

/** Places of live blobs in one segment: offsets in its plaintext, each once after `compact`. */
class LiveOffsets {
  #offsets = new Uint32Array(16)
  #count = 0
  #uniqueAt = 16

  add(offset: number): void {
    if (this.#count === this.#offsets.length) {
      if (this.#count >= this.#uniqueAt * 2 || this.#count === this.#uniqueAt) this.#compact()
      if (this.#count > this.#offsets.length / 2) this.#grow()
    }
    this.#offsets[this.#count++] = offset
  }

  get unique(): Uint32Array {
    this.#compact()
    return this.#offsets.subarray(0, this.#count)
  }

  #compact(): void {
    const sorted = this.#offsets.subarray(0, this.#count).sort()
    let kept = 0
    for (let item = 0; item < sorted.length; item++) {
      if (item === 0 || sorted[item] !== sorted[item - 1]) this.#offsets[kept++] = sorted[item]
    }
    this.#count = kept
    this.#uniqueAt = Math.max(16, kept)
  }

  #grow(): void {
    const grown = new Uint32Array(this.#offsets.length * 2)
    grown.set(this.#offsets)
    this.#offsets = grown
  }
}

/**
 * Which blobs the snapshots need, as places in packs.
 *
 * A blob that lies in several packs stays in all of them: nobody has read which copies are whole. Memory: four bytes for each live blob and
 * the ids of the directories seen.
 */
export class LiveBlobs {
  readonly #repository: Repository
  readonly #packs = new Map<number, Map<number, LiveOffsets>>()
  readonly #seenTrees = new Set<string>()
  readonly #duplicated: ReadonlySet<string>
  readonly #ids = Buffer.allocUnsafeSlow(idsPerLookup * idBytes)
  #waiting = 0

  constructor(repository: Repository) {
    this.#repository = repository
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

  /** Offsets of the live blobs of each segment of a pack that has any; undefined when it has none. */
  inPack(packRow: number): ReadonlyMap<number, { readonly unique: Uint32Array }> | undefined {
    return this.#packs.get(packRow)
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
      if (packs[item] === 0) throw missing(id)
      if (this.#duplicated.has(id.toString('latin1'))) {
        for (const { pack, segment, offset } of blobs.findAll(id)) {
          this.#markAt(pack.row, segment, offset)
        }
      } else this.#markAt(packs[item], segments[item], offsets[item])
    }
  }

  #markAt(packRow: number, segment: number, offset: number): void {
    let bySegment = this.#packs.get(packRow)
    if (!bySegment) this.#packs.set(packRow, (bySegment = new Map()))
    let live = bySegment.get(segment)
    if (!live) bySegment.set(segment, (live = new LiveOffsets()))
    live.add(offset)
  }
}

function isZero(id: Uint8Array): boolean {
  return id.every((byte) => byte === 0)
}

function missing(id: Buffer): RepositoryError {
  const hex = id.toString('hex')
  return new RepositoryError(
    'OBJECT_MISSING',
    `Cannot prune: no index object names blob "${hex}", which a snapshot needs`,
    {
      remedy: 'Run `holdfast repair catalogue`, then `holdfast verify --all`; nothing was removed',
      facts: { blobId: hex },
    },
  )
}
