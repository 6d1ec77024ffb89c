import type { Statement } from 'better-sqlite3'

import { idBytes } from '../model/ids.ts'
import type { CatalogueDatabase } from './database.ts'
import { asIdBuffer } from './id-bytes.ts'
import { idBuffers, RowBatch } from './row-batch.ts'

/** A checked tree page as columns; `decodeTreePage` gives one. */
export interface TreePageColumns {
  /** The whole blob. */
  readonly bytes: Buffer
  readonly level: number
  readonly entryCount: number
  /** Where names begin in `bytes`; entryCount + 1 values. */
  readonly nameOffsets: Uint32Array
  /** Index of each entry's first reference; entryCount + 1 values. */
  readonly chunkOffsets: Uint32Array
  /** Where the reference ids begin in `bytes`. */
  readonly chunkIdsStart: number
  mode(index: number): number
  sizeOf(index: number): number
  mtimeSeconds(index: number): number
  mtimeNs(index: number): number
}

export interface NewTreePage {
  readonly id: Uint8Array
  readonly page: TreePageColumns
}

export interface TreePageRow {
  readonly level: number
  readonly bytes: number
  readonly entryCount: number
}

export interface TreeEntryRow {
  readonly name: Buffer
  /** `st_mode`; 0 for the pages below a page of a higher level. */
  readonly mode: number
  readonly size: number
  /** Exact within ±2^53. */
  readonly mtimeSeconds: number
  readonly mtimeNs: number
  /**
   * Id of the first reference: the top page of a directory, the first chunk of a file; null when
   * there is none.
   */
  readonly child: Buffer | null
}

type EntryTuple = [Buffer, number, number, number, number, Buffer | null]

const entryColumns = ['page', 'name', 'mode', 'size', 'mtime_seconds', 'mtime_ns', 'child']
const entryQuery = `
  SELECT e.name, e.mode, e.size, e.mtime_seconds, e.mtime_ns, e.child
  FROM tree_entry AS e JOIN tree_page AS p ON p.row = e.page WHERE p.id = ?`

/** Pages of directories and the entries on them. */
export class TreeTable {
  readonly #database: CatalogueDatabase
  readonly #entryRows: RowBatch
  readonly #idBuffers = idBuffers()
  readonly #insertPage: Statement
  readonly #has: Statement<[Buffer], number>

  constructor(database: CatalogueDatabase) {
    this.#database = database
    this.#entryRows = new RowBatch(database, 'tree_entry', entryColumns)
    this.#insertPage = database.sqlite.prepare(
      'INSERT OR IGNORE INTO tree_page (id, level, bytes, entries) VALUES (?, ?, ?, ?)',
    )
    this.#has = database.sqlite
      .prepare<[Buffer], number>('SELECT 1 FROM tree_page WHERE id = ?')
      .pluck()
  }

  /**
   * Takes in pages with all their entries, in one transaction; known ones are passed over.
   *
   * @returns How many were new.
   */
  add(pages: Iterable<NewTreePage>): number {
    return this.#database.write('add tree pages', () => {
      let added = 0
      this.#entryRows.start()
      for (const { id, page } of pages) {
        const size = page.bytes.length
        const result = this.#insertPage.run(asIdBuffer(id), page.level, size, page.entryCount)
        if (result.changes === 0) continue
        this.#addEntries(Number(result.lastInsertRowid), page)
        added += 1
      }
      this.#entryRows.finish()
      return added
    })
  }

  has(id: Uint8Array): boolean {
    const key = asIdBuffer(id)
    return this.#database.guard('look up a tree page', () => this.#has.get(key) !== undefined)
  }

  page(id: Uint8Array): TreePageRow | undefined {
    const query = 'SELECT level, bytes, entries AS entryCount FROM tree_page WHERE id = ?'
    const key = asIdBuffer(id)
    return this.#database.guard('look up a tree page', () =>
      this.#database.sqlite.prepare<[Buffer], TreePageRow>(query).get(key),
    )
  }

  /** Entries of one page, in the order of their names' bytes. */
  entries(id: Uint8Array): TreeEntryRow[] {
    const key = asIdBuffer(id)
    return this.#database.guard('list a tree page', () =>
      this.#database.sqlite
        .prepare<[Buffer], EntryTuple>(`${entryQuery} ORDER BY e.name`)
        .raw()
        .all(key)
        .map(toEntry),
    )
  }

  /** The entry of one page with exactly this name. */
  entry(id: Uint8Array, name: Uint8Array): TreeEntryRow | undefined {
    const key = asIdBuffer(id)
    return this.#database.guard('look up a tree entry', () => {
      const query = this.#database.sqlite.prepare<[Buffer, Uint8Array], EntryTuple>(
        `${entryQuery} AND e.name = ?`,
      )
      const tuple = query.raw().get(key, Buffer.from(name))
      return tuple === undefined ? undefined : toEntry(tuple)
    })
  }

  #addEntries(pageRow: number, page: TreePageColumns): void {
    const rows = this.#entryRows
    const { values } = rows
    const { bytes, nameOffsets } = page
    for (let index = 0; index < page.entryCount; index++) {
      const at = rows.next()
      values[at] = pageRow
      values[at + 1] = bytes.subarray(nameOffsets[index], nameOffsets[index + 1])
      values[at + 2] = page.mode(index)
      values[at + 3] = page.sizeOf(index)
      values[at + 4] = page.mtimeSeconds(index)
      values[at + 5] = page.mtimeNs(index)
      values[at + 6] = this.#child(page, index, at)
    }
  }

  #child(page: TreePageColumns, index: number, at: number): Buffer | null {
    const reference = page.chunkOffsets[index]
    if (page.chunkOffsets[index + 1] === reference) return null
    const child = this.#idBuffers[at / entryColumns.length]
    const start = page.chunkIdsStart + idBytes * reference
    page.bytes.copy(child, 0, start, start + idBytes)
    return child
  }
}

function toEntry([name, mode, size, mtimeSeconds, mtimeNs, child]: EntryTuple): TreeEntryRow {
  return { name, mode, size, mtimeSeconds, mtimeNs, child }
}
