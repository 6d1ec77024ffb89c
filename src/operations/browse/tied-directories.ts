import type { TreeSearch } from '../../catalogue/tree-search.ts'
import type { CataloguedPages } from '../../repository/catalogued-pages.ts'

/** Where a pattern that is tied to the root looks: what it says of the directories above the name, one after the other. */
export interface TiedDirectories {
  /** Names are latin1 text. */
  readonly steps: readonly ((name: string) => boolean)[]
  /** Also all directories below those that the steps lead to. */
  readonly isDeep: boolean
}

/** What of the catalogue the way down needs. */
export interface DescentTables {
  readonly search: TreeSearch
  readonly pages: CataloguedPages
}

/** Look-ups of a name or of the directories on a page; beyond, a search by names is as good. */
const stepsMax = 20_000

/**
 * Goes from the roots of all snapshots down to the directories that a pattern can be about. Versions of a directory have most names in
 * common, so that names are looked at once for each list, whatever the number of snapshots.
 *
 * @returns pages of all levels; undefined when there are too many ways down
 */
export function directoryPages(
  tables: DescentTables,
  roots: Iterable<number>,
  { steps, isDeep }: TiedDirectories,
): ReadonlySet<number> | undefined {
  return new Descent(tables).run(roots, steps, isDeep)
}

class Descent {
  readonly #search: TreeSearch
  readonly #pages: CataloguedPages
  #left = stepsMax

  constructor({ search, pages }: DescentTables) {
    this.#search = search
    this.#pages = pages
  }

  run(
    roots: Iterable<number>,
    steps: TiedDirectories['steps'],
    isDeep: boolean,
  ): ReadonlySet<number> | undefined {
    let pages = this.#withLowerPages(roots)
    let above: ReadonlySet<number> = new Set()
    for (const matches of steps) {
      if (this.#left <= 0) return undefined
      above = pages
      pages = this.#withLowerPages(this.#children(pages, matches))
    }
    const all = isDeep ? this.#withAllBelow(pages) : pages
    // `a/**` means `a` itself, too, which stands in the directory above.
    if (isDeep) for (const page of above) all.add(page)
    return this.#left > 0 ? all : undefined
  }

  /** A huge directory has pages below its top page. */
  #withLowerPages(tops: Iterable<number>): Set<number> {
    const pages = new Set(tops)
    for (const page of pages) {
      if (this.#left <= 0) break
      if (this.#search.listOfPage(page) !== undefined) continue
      this.#left -= 1
      for (const { mode, child } of this.#pages.children(page)) {
        if (mode === 0 && child !== null) pages.add(child)
      }
    }
    return pages
  }

  #children(pages: ReadonlySet<number>, matches: (name: string) => boolean): Set<number> {
    const names = new Map<number, readonly Buffer[]>()
    const found = new Set<number>()
    for (const page of pages) {
      const list = this.#search.listOfPage(page)
      if (list === undefined) continue
      let matching = names.get(list)
      if (!matching) names.set(list, (matching = this.#directoryNames(list, matches)))
      this.#left -= matching.length + 1
      if (this.#left <= 0) break
      for (const name of matching) {
        const child = this.#pages.childOf(page, name)
        if (child !== undefined) found.add(child)
      }
    }
    return found
  }

  #directoryNames(list: number, matches: (name: string) => boolean): readonly Buffer[] {
    const [, names, kinds] = this.#search.nameList(list) ?? []
    if (!names || kinds === undefined || kinds === '') return []
    const isMatch = (name: string, index: number): boolean =>
      kinds[index] === directoryDigit && matches(name)
    return names
      .toString('latin1', 1, names.length - 1)
      .split('\0')
      .filter(isMatch)
      .map((name) => Buffer.from(name, 'latin1'))
  }

  #withAllBelow(tops: ReadonlySet<number>): Set<number> {
    const pages = new Set(tops)
    for (const page of pages) {
      this.#left -= 1
      if (this.#left <= 0) break
      for (const { child } of this.#pages.children(page)) {
        if (child !== null) pages.add(child)
      }
    }
    return pages
  }
}

/** The upper four bits of a mode, as in lists of names. */
const directoryDigit = '4'
