import type { Statement } from 'better-sqlite3'

import type { CatalogueDatabase } from './database.ts'
import { asIdBuffer } from './id-bytes.ts'

/**
 * A list of names that pages have; every name stands between two NUL bytes. `kinds` has the upper four bits of each one's mode as a hexadecimal
 * digit, and is empty where all are files.
 */
export type NameList = [row: number, names: Buffer, kinds: string]

export interface NameListFilter {
  /** Bytes that a list has to hold somewhere; null for any. */
  readonly literal: Buffer | null
  /** Only lists in which not all names are files. */
  readonly onlyMixed: boolean
}

/** Entries of one name that refer to a page. A mode of 0: the page is a part of the same directory. */
export interface PageParents {
  readonly name: Buffer
  readonly mode: number
  /** The pages that they are on. */
  readonly pages: readonly number[]
}

/** A page as it was given to `TreeTable.add`. */
export interface PageContent {
  /** Length of the page itself. */
  readonly bytes: number
  readonly content: Buffer
}

/**
 * SQLite takes three times as long as a `Buffer` to look for bytes in a list, and a tenth of the time to pass one over: it is left to it only
 * where there are many lists.
 */
const listsLookedInto = 50_000

/**
 * Searches from names to pages, and from pages up to the roots of snapshots and down again. Pages are named by their row, which is of this
 * file only and may change with every rebuild.
 */
export class TreeSearch {
  readonly #database: CatalogueDatabase
  readonly #lists: Statement<[string], NameList>
  readonly #listsWith: Statement<[string, Buffer], NameList>
  readonly #lastList: Statement<[], number | null>
  readonly #pagesOfNames: Statement<[number], number>
  readonly #listOfPage: Statement<[number], number | null>
  readonly #list: Statement<[number], NameList>
  readonly #parents: Statement<[number], [number, Buffer, number, string]>
  readonly #namedParents: Statement<[number], [number, Buffer, number]>
  readonly #content: Statement<[number], PageContent>
  readonly #rowOf: Statement<[Buffer], number>
  readonly #contentOf: Statement<[Buffer], PageContent>

  constructor(database: CatalogueDatabase) {
    const { sqlite } = database
    this.#database = database
    // Newest first: what was saved last is what most searches mean.
    const lists = 'SELECT row, names, kinds FROM name_list WHERE kinds >= ?'
    this.#lists = sqlite.prepare<[string], NameList>(`${lists} ORDER BY row DESC`).raw()
    this.#listsWith = sqlite
      .prepare<[string, Buffer], NameList>(`${lists} AND instr(names, ?) > 0 ORDER BY row DESC`)
      .raw()
    this.#lastList = sqlite.prepare<[], number | null>('SELECT max(row) FROM name_list').pluck()
    this.#pagesOfNames = sqlite
      .prepare<[number], number>('SELECT row FROM tree_page WHERE names = ? ORDER BY row DESC')
      .pluck()
    this.#listOfPage = sqlite
      .prepare<[number], number | null>('SELECT names FROM tree_page WHERE row = ?')
      .pluck()
    this.#list = sqlite
      .prepare<[number], NameList>('SELECT row, names, kinds FROM name_list WHERE row = ?')
      .raw()
    const parentsOf = 'FROM page_reference WHERE child = (SELECT id FROM tree_page WHERE row = ?)'
    // A directory that did not change is in a thousand versions of the one above: one row instead of a thousand.
    this.#parents = sqlite
      .prepare<[number], [number, Buffer, number, string]>(
        `SELECT mode, min(name), min(name) = max(name), group_concat(page) ${parentsOf} GROUP BY mode`,
      )
      .raw()
    this.#namedParents = sqlite
      .prepare<[number], [number, Buffer, number]>(`SELECT mode, name, page ${parentsOf}`)
      .raw()
    this.#content = sqlite.prepare<[number], PageContent>(
      `SELECT p.bytes, c.content FROM page_content AS c JOIN tree_page AS p ON p.row = c.page
       WHERE c.page = ?`,
    )
    this.#contentOf = sqlite.prepare<[Buffer], PageContent>(
      `SELECT p.bytes, c.content FROM tree_page AS p JOIN page_content AS c ON c.page = p.row
       WHERE p.id = ?`,
    )
    this.#rowOf = sqlite.prepare<[Buffer], number>('SELECT row FROM tree_page WHERE id = ?').pluck()
  }

  /** Runs a search of many queries on one state of the catalogue. */
  onOneState<T>(search: () => T): T {
    return this.#database.read('search the trees', search)
  }

  /** Lists of names, the newest first; what the filter says is spared where that is cheaper. */
  nameLists({ literal, onlyMixed }: NameListFilter): IterableIterator<NameList> {
    const last = this.#lastList.get() ?? 0
    const kindsMin = onlyMixed ? '0' : ''
    return literal === null || last < listsLookedInto
      ? this.#lists.iterate(kindsMin)
      : this.#listsWith.iterate(kindsMin, literal)
  }

  /** Differs whenever anything in the catalogue has changed, by this process or another. */
  state(): string {
    const { sqlite } = this.#database
    const changes = sqlite.prepare<[], number>('SELECT total_changes()').pluck().get()
    return `${String(sqlite.pragma('data_version', { simple: true }))} ${changes}`
  }

  /** Rows of the pages that have exactly these names. */
  pagesOfNames(list: number): number[] {
    return this.#pagesOfNames.all(list)
  }

  /** Row of the list of a page's names; undefined for one above other pages, and for an empty one. */
  listOfPage(page: number): number | undefined {
    return this.#listOfPage.get(page) ?? undefined
  }

  nameList(row: number): NameList | undefined {
    return this.#list.get(row)
  }

  /** The entries that refer to a page. */
  parents(page: number): PageParents[] {
    const groups = this.#parents.all(page)
    // Names of pages in the same directory say nothing.
    if (groups.some(([mode, , isOneName]) => mode !== 0 && isOneName === 0)) {
      return this.#namedParents
        .all(page)
        .map(([mode, name, parent]) => ({ name, mode, pages: [parent] }))
    }
    return groups.map(([mode, name, , pages]) => ({
      name,
      mode,
      pages: numbersIn(pages),
    }))
  }

  /** Every reference from a page to a page: rows of both. Reads the whole index. */
  pageReferences(): IterableIterator<[page: number, child: number]> {
    return this.#database.sqlite
      .prepare<[], [number, number]>(
        `SELECT r.page, p.row FROM page_reference AS r JOIN tree_page AS p ON p.id = r.child`,
      )
      .raw()
      .iterate()
  }

  /** The highest row of any page; 0 when there is none. */
  lastPage(): number {
    const query = this.#database.sqlite.prepare<[], number | null>('SELECT max(row) FROM tree_page')
    return query.pluck().get() ?? 0
  }

  /** All pages in the order in which they came in, which is about that of the packs. */
  pages(): IterableIterator<[row: number, id: Buffer, bytes: number, level: number]> {
    return this.#database.sqlite
      .prepare<[], [number, Buffer, number, number]>(
        'SELECT row, id, bytes, level FROM tree_page ORDER BY row',
      )
      .raw()
      .iterate()
  }

  /** @param page its row */
  content(page: number): PageContent | undefined {
    return this.#content.get(page)
  }

  /** By the page's id. @returns undefined when the catalogue does not have it */
  contentOf(id: Uint8Array): PageContent | undefined {
    return this.#database.guard('read a page of a directory', () =>
      this.#contentOf.get(asIdBuffer(id)),
    )
  }

  /** Row of a page; undefined when the catalogue does not know it. */
  rowOf(id: Uint8Array): number | undefined {
    return this.#rowOf.get(asIdBuffer(id))
  }
}

const zero = 0x30

/** Of numbers with commas between them; no text is made for each. */
function numbersIn(text: string): number[] {
  const numbers: number[] = []
  let number = 0
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - zero
    if (digit >= 0) number = number * 10 + digit
    else {
      numbers.push(number)
      number = 0
    }
  }
  numbers.push(number)
  return numbers
}
