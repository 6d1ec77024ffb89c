import type { Statement } from 'better-sqlite3'

import { idBytes } from '../model/ids.ts'
import { CatalogueDatabase } from './database.ts'
import { asIdBuffer } from './id-bytes.ts'
import { keyOrder } from './key-order.ts'

/**
 * Worker threads ask about blobs near each other in time only; 4 MiB keep the upper levels of the
 * table's tree.
 */
const lookupCacheKiB = 4_096

/**
 * Answers in a worker thread whether blobs are known, over a read-only connection of its own. It
 * sees what was committed before each question. Only for a catalogue that the main thread has
 * opened, which brings the file to the current schema.
 */
export class BlobLookup {
  readonly #database: CatalogueDatabase
  readonly #has: Statement<[Buffer], number>
  readonly #packsOf: Statement<[Buffer], number>
  readonly #lostPacks: ReadonlySet<number>

  /**
   * @param lostPacks Rows of packs that are not in the storage any more: a blob that lies only there
   * counts as unknown, so that it is stored again.
   * @throws {CatalogueError} when the file cannot be read.
   */
  constructor(path: string, lostPacks: ReadonlySet<number> = new Set()) {
    this.#lostPacks = lostPacks
    this.#database = new CatalogueDatabase(path, { readOnly: true, cacheKiB: lookupCacheKiB })
    this.#has = this.#database.sqlite
      .prepare<[Buffer], number>('SELECT 1 FROM blob WHERE id = ? LIMIT 1')
      .pluck()
    this.#packsOf = this.#database.sqlite
      .prepare<[Buffer], number>('SELECT pack FROM blob WHERE id = ?')
      .pluck()
  }

  hasBlob(id: Uint8Array): boolean {
    const key = asIdBuffer(id)
    return this.#database.guard('look up a blob', () =>
      this.#lostPacks.size === 0
        ? this.#has.get(key) !== undefined
        : this.#packsOf.all(key).some((row) => !this.#lostPacks.has(row)),
    )
  }

  /**
   * Asks about many at once, which halves the cost of each.
   *
   * @param ids 32 bytes each, one after the other.
   * @returns 1 for each blob that is known, 0 for the others.
   */
  hasBlobs(ids: Uint8Array): Uint8Array {
    const order = keyOrder(ids)
    const known = new Uint8Array(order.length)
    const key = Buffer.alloc(idBytes)
    this.#database.read('look up blobs', () => {
      for (const position of order) {
        key.set(ids.subarray(position * idBytes, (position + 1) * idBytes))
        if (this.#has.get(key) !== undefined) known[position] = 1
      }
    })
    return known
  }

  close(): void {
    this.#database.close()
  }
}
