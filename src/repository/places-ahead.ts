import type { BlobLocation, BlobLocations } from '../catalogue/blob-location.ts'
import { isDirectory } from '../format/tree/entry-kind.ts'
import type { TreePage } from '../format/tree/tree-page.ts'
import { idBytes } from '../model/ids.ts'
import { locationAt } from './location-at.ts'
import type { Repository } from './repository.ts'
import { blobKinds } from './segment-buffer.ts'

/** Some 400 bytes each. */
const placesMax = 8_192
/** Below it a look-up of several costs as much as one for each. */
const idsMin = 2

/**
 * Where the pages of directories are that a walk is about to go into. Looked up together they take about half of the time: each look-up
 * by itself takes and leaves the catalogue's lock.
 */
export class PlacesAhead {
  readonly #repository: Repository
  readonly #seen: ReadonlySet<string> | undefined
  /** By id, as latin1 text; each is taken once. */
  readonly #places = new Map<string, BlobLocation>()

  /** @param seen directories that are not gone into, as latin1 text of their ids */
  constructor(repository: Repository, seen: ReadonlySet<string> | undefined) {
    this.#repository = repository
    this.#seen = seen
  }

  /** Looks up the directories on a page of level 0. What has no room is left to be looked up when it is needed. */
  add(page: TreePage): void {
    if (this.#repository.hasPagesNear) return
    const keys = this.#wantedOn(page)
    if (keys.length < idsMin) return
    const ids = Buffer.from(keys.join(''), 'latin1')
    const { blobs } = this.#repository.catalogue
    const locations: BlobLocations = blobs.findMany(ids)
    for (const [position, key] of keys.entries()) {
      const place = locationAt(blobs, locations, position)
      if (place) this.#places.set(key, place)
    }
    if (!this.#repository.storage.capabilities.isRemote) return
    const places = keys.map((key) => this.#places.get(key))
    this.#repository.trees.expect(places.filter((place) => place !== undefined))
  }

  /**
   * The bytes of a page, from where it was found or where it is.
   *
   * @returns a view that stays valid
   * @throws {RepositoryError} when it is missing or damaged
   */
  readPage(id: Buffer, bytes: number): Buffer {
    const { trees } = this.#repository
    const place = this.take(id)
    return place ? trees.readAt(place, blobKinds.tree, id, bytes) : trees.readTree(id, bytes)
  }

  /** The place of a page, once; undefined when it was not looked up or is not known. */
  take(id: Buffer): BlobLocation | undefined {
    if (this.#places.size === 0) return undefined
    const key = id.toString('latin1')
    const place = this.#places.get(key)
    if (place) this.#places.delete(key)
    return place
  }

  #wantedOn(page: TreePage): string[] {
    const keys: string[] = []
    const room = placesMax - this.#places.size
    for (let index = 0; index < page.entryCount && keys.length < room; index++) {
      if (!isDirectory(page.mode(index))) continue
      const start = page.chunkIdsStart + idBytes * page.chunkOffsets[index]
      const key = page.bytes.toString('latin1', start, start + idBytes)
      if (!this.#seen?.has(key)) keys.push(key)
    }
    return keys
  }
}
