import { createHash } from 'node:crypto'

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
}

export interface NewTreePage {
  readonly id: Uint8Array
  readonly page: TreePageColumns
  /** What `content` gives back: the page, packed by whoever will unpack it. Read before the next page is asked for. */
  readonly content: Uint8Array
}

export interface TreePageRow {
  readonly level: number
  readonly bytes: number
  readonly entryCount: number
}

const referenceColumns = ['child', 'mode', 'page', 'name']

/** Of a mode, what says that it is a regular file, and a directory. */
const fileKind = 8
const directoryKind = 4

/** Pages of directories: what each is, what it holds, and which pages it refers to. */
export class TreeTable {
  readonly #database: CatalogueDatabase
  readonly #referenceRows: RowBatch
  readonly #idBuffers = idBuffers()
  readonly #insertPage: Statement
  readonly #insertContent: Statement
  readonly #has: Statement<[Buffer], number>
  readonly #insertNames: Statement
  readonly #namesRow: Statement<[Buffer, string], number>

  constructor(database: CatalogueDatabase) {
    this.#database = database
    this.#referenceRows = new RowBatch(database, 'page_reference', referenceColumns)
    this.#insertPage = database.sqlite.prepare(
      'INSERT OR IGNORE INTO tree_page (id, level, bytes, entries, names) VALUES (?, ?, ?, ?, ?)',
    )
    this.#insertContent = database.sqlite.prepare(
      'INSERT INTO page_content (page, content) VALUES (?, ?)',
    )
    this.#insertNames = database.sqlite.prepare(
      'INSERT INTO name_list (digest, kinds, names) VALUES (?, ?, ?)',
    )
    this.#namesRow = database.sqlite
      .prepare<[Buffer, string], number>('SELECT row FROM name_list WHERE digest = ? AND kinds = ?')
      .pluck()
    this.#has = database.sqlite
      .prepare<[Buffer], number>('SELECT 1 FROM tree_page WHERE id = ?')
      .pluck()
  }

  /**
   * Takes in pages, in one transaction; known ones are passed over.
   *
   * @returns How many were new.
   */
  add(pages: Iterable<NewTreePage>): number {
    return this.#database.write('add tree pages', () => {
      let added = 0
      this.#referenceRows.start()
      for (const { id, page, content } of pages) {
        // The list of a page that is known is known, too, so nothing is left over where it is passed over.
        const names = page.level === 0 && page.entryCount > 0 ? this.#addNames(page) : null
        const size = page.bytes.length
        const key = asIdBuffer(id)
        const result = this.#insertPage.run(key, page.level, size, page.entryCount, names)
        if (result.changes === 0) continue
        const row = Number(result.lastInsertRowid)
        this.#insertContent.run(row, content)
        this.#addReferences(row, page)
        added += 1
      }
      this.#referenceRows.finish()
      return added
    })
  }

  has(id: Uint8Array): boolean {
    const key = asIdBuffer(id)
    return this.#database.guard('look up a tree page', () => this.#has.get(key) !== undefined)
  }

  /** @param ids 32 bytes each, one after the other */
  hasAll(ids: Buffer): boolean {
    return this.#database.guard('look up tree pages', () => {
      for (let at = 0; at < ids.length; at += idBytes) {
        if (this.#has.get(ids.subarray(at, at + idBytes)) === undefined) return false
      }
      return true
    })
  }

  page(id: Uint8Array): TreePageRow | undefined {
    const query = 'SELECT level, bytes, entries AS entryCount FROM tree_page WHERE id = ?'
    const key = asIdBuffer(id)
    return this.#database.guard('look up a tree page', () =>
      this.#database.sqlite.prepare<[Buffer], TreePageRow>(query).get(key),
    )
  }

  #addReferences(pageRow: number, page: TreePageColumns): void {
    const rows = this.#referenceRows
    const { values } = rows
    const { bytes, nameOffsets, chunkOffsets, chunkIdsStart } = page
    for (let index = 0; index < page.entryCount; index++) {
      const mode = page.mode(index)
      if (mode !== 0 && mode >>> 12 !== directoryKind) continue
      if (chunkOffsets[index + 1] === chunkOffsets[index]) continue
      const at = rows.next()
      const child = this.#idBuffers[at / referenceColumns.length]
      const idStart = chunkIdsStart + idBytes * chunkOffsets[index]
      bytes.copy(child, 0, idStart, idStart + idBytes)
      values[at] = child
      values[at + 1] = mode
      values[at + 2] = pageRow
      values[at + 3] = bytes.subarray(nameOffsets[index], nameOffsets[index + 1])
    }
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
