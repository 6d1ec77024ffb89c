import { segmentKey } from '../catalogue/blob-lookup.ts'
import { noCost, sumCosts, type StorageCost } from '../foundation/storage-cost.ts'
import { isHoleId } from '../format/tree/content-list.ts'
import { readContent } from '../format/tree/content-reader.ts'
import { depthOfFlags } from '../format/tree/entry-flags.ts'
import { isRegular } from '../format/tree/entry-kind.ts'
import type { TreePage } from '../format/tree/tree-page.ts'
import { idBytes } from '../model/ids.ts'
import type { ObjectRange } from '../storage/object-range.ts'
import { costOfRanges } from './read-cost.ts'
import type { Repository } from './repository.ts'
import { sealedRangeOf } from './sealed-range.ts'

/** Looked up together; some thousand files, as in one request of a restore. */
const idsPerLookup = 16_384

/**
 * Finds out which segments hold the contents of files, each once, and what it costs to get them. Reads no contents; of large files the lists of
 * their chunks. Ids go through it as columns, with nothing for a single file.
 */
export class NeededSegments {
  readonly #repository: Repository
  readonly #seen = new Set<number>()
  #ids: Buffer[] = []
  #idCount = 0
  #cost: StorageCost = noCost
  /** Chunks that no index object names. */
  unknownChunks = 0

  constructor(repository: Repository) {
    this.#repository = repository
  }

  /** @throws {RepositoryError} when a list of a file's chunks cannot be read */
  add(page: TreePage, indexes: Iterable<number>): void {
    for (const index of indexes) {
      if (!isRegular(page.mode(index))) continue
      if (depthOfFlags(page.flags(index)) === 0) this.#addIds(page.chunkIdsOf(index))
      else this.#addLists(page, index)
    }
  }

  get count(): number {
    this.#lookUp()
    return this.#seen.size
  }

  get cost(): StorageCost {
    this.#lookUp()
    return this.#cost
  }

  #addLists(page: TreePage, index: number): void {
    const content = readContent(page, index, (id) => this.#repository.trees.readList(id))
    while (content.next()) {
      // A copy, because the list's memory is used again.
      if (!content.isHole) this.#addIds(Buffer.from(content.id))
    }
  }

  #addIds(ids: Buffer): void {
    this.#ids.push(ids)
    this.#idCount += ids.length / idBytes
    if (this.#idCount >= idsPerLookup) this.#lookUp()
  }

  #lookUp(): void {
    if (this.#idCount === 0) return
    const ids = Buffer.concat(this.#ids)
    this.#ids = []
    this.#idCount = 0
    const { blobs } = this.#repository.catalogue
    const { packs, segments, segmentOffsets, payloadBytes } = blobs.findMany(ids)
    const ranges: ObjectRange[] = []
    for (let position = 0; position < packs.length; position++) {
      if (packs[position] === 0) {
        if (!isHoleId(ids, position * idBytes)) this.unknownChunks += 1
        continue
      }
      const key = segmentKey(packs[position], segments[position])
      if (this.#seen.has(key)) continue
      this.#seen.add(key)
      const pack = blobs.pack(packs[position])
      if (!pack) continue
      const place = { offset: segmentOffsets[position], payloadBytes: payloadBytes[position] }
      ranges.push(sealedRangeOf(pack.id, place))
    }
    this.#cost = sumCosts(this.#cost, costOfRanges(ranges))
  }
}
