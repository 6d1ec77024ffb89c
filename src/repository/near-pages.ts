import type { Catalogue } from '../catalogue/catalogue.ts'
import { CatalogueError } from '../catalogue/errors.ts'
import { createBlobHasher, type BlobHasher } from '../format/hashing/blob-hasher.ts'
import { DamageError } from '../foundation/errors.ts'
import { PageUnpacker } from './page-packing.ts'

/**
 * Pages of directories out of the catalogue, for a storage where each look costs a request. The catalogue is no proof of anything: a page is
 * handed out only when its bytes have the hash that was asked for. For one thread.
 */
export class NearPages {
  readonly #catalogue: () => Catalogue
  readonly #hasher: BlobHasher
  readonly #unpacker = new PageUnpacker()

  /** @param catalogue asked each time, because a rebuild exchanges it */
  constructor(catalogue: () => Catalogue, treeIdKey: Uint8Array) {
    this.#catalogue = catalogue
    this.#hasher = createBlobHasher(treeIdKey)
  }

  /** @returns a view that stays valid; undefined when the catalogue does not have the page, or another one in its place */
  read(id: Uint8Array, lengthBytes: number): Buffer | undefined {
    try {
      const found = this.#catalogue().search.contentOf(id)
      if (found?.bytes !== lengthBytes) return undefined
      const page = this.#unpacker.unpack(found.content, found.bytes)
      return page.length === lengthBytes && this.#hasher.hash(page).equals(id) ? page : undefined
    } catch (error) {
      // The storage has the page, too, and is the truth.
      if (error instanceof DamageError || error instanceof CatalogueError) return undefined
      throw error
    }
  }
}
