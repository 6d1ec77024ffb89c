import { createHash } from 'node:crypto'

import type { Statement } from 'better-sqlite3'

import { writeContentId } from './content-digest.ts'
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
   * The top page of a directory, the page below a page of a higher level; for a file what
   * `writeContentId` says of its content; null when there is no reference.
   */
  readonly child: Buffer | null
}

type EntryTuple = [Buffer, number, number, number, number, Buffer | null]

const entryColumns = ['page', 'name', 'mode', 'size', 'mtime_seconds', 'mtime_ns', 'child']
const entryQuery = `
  SELECT e.name, e.mode, e.size, e.mtime_seconds, e.mtime_ns, e.child
  FROM tree_entry AS e JOIN tree_page AS p ON p.row = e.page WHERE p.id = ?`

/** Of a mode, what says that it is a regular file. */
const fileKind = 8

/** Pages of directories and the entries on them. */
export class TreeTable {
  readonly #database: CatalogueDatabase
  readonly #entryRows: RowBatch
  readonly #idBuffers = idBuffers()
  readonly #insertPage: Statement
  readonly #has: Statement<[Buffer], number>
  readonly #insertNames: Statement
  readonly #setNames: Statement
  readonly #namesRow: Statement<[Buffer, string], number>

  constructor(database: CatalogueDatabase) {
    this.#database = database
    this.#entryRows = new RowBatch(database, 'tree_entry', entryColumns)
    this.#insertPage = database.sqlite.prepare(
      'INSERT OR IGNORE INTO tree_page (id, level, bytes, entries, names) VALUES (?, ?, ?, ?, NULL)',
    )
    this.#insertNames = database.sqlite.prepare(
      'INSERT INTO name_list (digest, kinds, names) VALUES (?, ?, ?)',
    )
    this.#namesRow = database.sqlite
      .prepare<[Buffer, string], number>('SELECT row FROM name_list WHERE digest = ? AND kinds = ?')
      .pluck()
    this.#setNames = database.sqlite.prepare('UPDATE tree_page SET names = ? WHERE row = ?')
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
        const row = Number(result.lastInsertRowid)
        this.#addEntries(row, page)
        if (page.level === 0 && page.entryCount > 0) this.#setNames.run(this.#addNames(page), row)
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
    if (page.chunkOffsets[index + 1] === page.chunkOffsets[index]) return null
    const child = this.#idBuffers[at / entryColumns.length]
    writeContentId(page, index, child)
    return child
  }

  /** @returns the row of the list; a known one is used again */
  #addNames(page: TreePageColumns): number {
    const names = joinNames(page)
    const digest = createHash('sha256').update(names).digest()
    const kinds = kindsOf(page)
    const known = this.#namesRow.get(digest, kinds)
    return known ?? Number(this.#insertNames.run(digest, kinds, names).lastInsertRowid)
  }
}

/** Every name between two NUL bytes, which no name holds. */
function joinNames({ bytes, nameOffsets, entryCount }: TreePageColumns): Buffer {
  const total = nameOffsets[entryCount] - nameOffsets[0]
  const joined = Buffer.alloc(total + entryCount + 1)
  let at = 1
  for (let index = 0; index < entryCount; index++) {
    at += bytes.copy(joined, at, nameOffsets[index], nameOffsets[index + 1]) + 1
  }
  return joined
}

/** A hexadecimal digit for each name, the upper four bits of its mode; nothing where all are files. */
function kindsOf(page: TreePageColumns): string {
  let kinds = ''
  let isOnlyFiles = true
  for (let index = 0; index < page.entryCount; index++) {
    const kind = page.mode(index) >>> 12
    if (kind !== fileKind) isOnlyFiles = false
    kinds += kind.toString(16)
  }
  return isOnlyFiles ? '' : kinds
}

function toEntry([name, mode, size, mtimeSeconds, mtimeNs, child]: EntryTuple): TreeEntryRow {
  return { name, mode, size, mtimeSeconds, mtimeNs, child }
}
