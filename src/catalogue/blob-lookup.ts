import type { Statement } from 'better-sqlite3'

import { CatalogueDatabase } from './database.ts'
import { asIdBuffer } from './id-bytes.ts'

/**
 * Worker threads ask about blobs near each other in time only; 8 MiB keep the upper levels of the
 * table's tree.
 */
const lookupCacheKiB = 8_192

/** Where blobs cannot be had, or not for long. */
export interface AvoidedPlaces {
  /** Rows of packs that are lost or about to go. */
  readonly packs: ReadonlySet<number>
  /** Segments that are damaged, by `segmentKey`. */
  readonly segments: ReadonlySet<number>
}

const noPlaces: AvoidedPlaces = { packs: new Set(), segments: new Set() }
/** A pack has at most so many (docs/FORMAT.md, section 7). */
const segmentsPerPackMax = 65_536

/** One number for a segment of a pack. */
export function segmentKey(packRow: number, segment: number): number {
  return packRow * segmentsPerPackMax + segment
}

/**
 * Answers in a worker thread whether blobs are known, over a read-only connection of its own. It
 * sees what was committed before each question. Only for a catalogue that the main thread has
 * opened, which brings the file to the current schema.
 */
export class BlobLookup {
  readonly #database: CatalogueDatabase
  readonly #has: Statement<[Buffer], number>
  readonly #placesOf: Statement<[Buffer], [number, number]>
  readonly #avoided: AvoidedPlaces

  /**
   * @param avoided A blob that lies only there counts as unknown, so that it is stored again.
   * @throws {CatalogueError} when the file cannot be read.
   */
  constructor(path: string, avoided: AvoidedPlaces = noPlaces) {
    this.#avoided = avoided
    const database = new CatalogueDatabase(path, { readOnly: true, cacheKiB: lookupCacheKiB })
    this.#database = database
    this.#has = database.begin(() =>
      database.sqlite.prepare<[Buffer], number>('SELECT 1 FROM blob WHERE id = ? LIMIT 1').pluck(),
    )
    this.#placesOf = database.begin(() =>
      database.sqlite
        .prepare<[Buffer], [number, number]>('SELECT pack, segment FROM blob WHERE id = ?')
        .raw(),
    )
  }

  hasBlob(id: Uint8Array): boolean {
    const key = asIdBuffer(id)
    return this.#database.guard('look up a blob', () =>
      this.#avoided.packs.size === 0 && this.#avoided.segments.size === 0
        ? this.#has.get(key) !== undefined
        : this.#placesOf.all(key).some((place) => !this.#isAvoided(...place)),
    )
  }

  #isAvoided(pack: number, segment: number): boolean {
    const { packs, segments } = this.#avoided
    return packs.has(pack) || segments.has(segmentKey(pack, segment))
  }

  close(): void {
    this.#database.close()
  }
}
