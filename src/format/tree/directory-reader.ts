import { compareByteRanges } from './names.ts'
import { refusePage } from './tree-damage.ts'
import { countEntriesUpTo, decodeTreePage, findEntry, type TreePage } from './tree-page.ts'

/**
 * Gets the plaintext of a page by its id. The id is a view and only good during the call; `bytes` is how long the
 * page is said to be, which the reader checks; that the bytes belong to the id is for the loader to check. The
 * result must not be overwritten while its page is in use.
 */
export type LoadTreePage = (id: Buffer, bytes: number) => Buffer

/** Where a directory's top page is. */
export interface PageReference {
  readonly id: Buffer
  readonly bytes: number
}

export interface FoundEntry {
  /** Of level 0. */
  readonly page: TreePage
  readonly index: number
}

/** A name in a page; the upper bound (exclusive) of the names below an entry. */
interface NameBound {
  readonly page: TreePage
  readonly index: number
}

/**
 * Reads directories page by page.
 *
 * Levels go down by one at each step (at most 8), and the pages below an entry must hold exactly the names and the
 * number of entries that the entry says. So pages can be neither cyclic nor shared, and both ways of reading agree.
 */
export class DirectoryReader {
  readonly #load: LoadTreePage
  #entriesLeft: number

  /**
   * @param entryCountMax Entries that {@link pages} may hand out during the life of this reader, all directories
   * together. One reader per walk and the count out of the snapshot bound the work that a repository can cause:
   * directories can be shared, so 20 small pages may claim 2^20 directories.
   */
  constructor(load: LoadTreePage, entryCountMax: number) {
    this.#load = load
    this.#entriesLeft = entryCountMax
  }

  /**
   * The pages of level 0 in the order of names; an empty directory has one without entries.
   *
   * @param from Pages that end before this name may be left out and are not loaded.
   * @throws {DamageError} when a page is damaged, not the one that its reference says, or there are too many entries.
   */
  *pages(top: PageReference, from?: Uint8Array): Generator<TreePage, void, undefined> {
    const page = this.#open(top.id, top.bytes)
    this.#spend(countEntries(page))
    if (page.level === 0) yield page
    else yield* this.#pagesBelow(page, undefined, from)
  }

  /**
   * The pages of level 0 from the one with this entry on, counted from 0, and how many entries of the page come before it. What lies
   * before is passed over by what the pages above say of it, and is not loaded.
   *
   * @throws {DamageError} as {@link pages}
   */
  *pagesFrom(top: PageReference, entry: number): Generator<readonly [TreePage, number], void> {
    const page = this.#open(top.id, top.bytes)
    this.#spend(countEntries(page))
    if (page.level === 0) yield [page, Math.min(entry, page.entryCount)]
    else yield* this.#pagesBelowFrom(page, undefined, entry)
  }

  /** Entries of the directory, as its top page says. @throws {DamageError} as {@link pages} */
  count(top: PageReference): number {
    return countEntries(this.#open(top.id, top.bytes))
  }

  /**
   * The entry with exactly this name, or undefined; loads one page per level.
   *
   * @throws {DamageError} when a page on the way is damaged or not the one that its reference says.
   */
  find(top: PageReference, name: Uint8Array): FoundEntry | undefined {
    let page = this.#open(top.id, top.bytes)
    let bound: NameBound | undefined
    while (page.level > 0) {
      const index = countEntriesUpTo(page, name) - 1
      if (index < 0) return undefined
      bound = boundAfter(page, index, bound)
      page = this.#openChild(page, index, bound)
    }
    const index = findEntry(page, name)
    return index < 0 ? undefined : { page, index }
  }

  *#pagesBelow(
    page: TreePage,
    outerBound: NameBound | undefined,
    from?: Uint8Array,
  ): Generator<TreePage, void, undefined> {
    const first = from === undefined ? 0 : Math.max(0, countEntriesUpTo(page, from) - 1)
    for (let index = first; index < page.entryCount; index++) {
      const bound = boundAfter(page, index, outerBound)
      const child = this.#openChild(page, index, bound)
      if (child.level === 0) yield child
      else yield* this.#pagesBelow(child, bound, index === first ? from : undefined)
    }
  }

  *#pagesBelowFrom(
    page: TreePage,
    outerBound: NameBound | undefined,
    entry: number,
  ): Generator<readonly [TreePage, number], void> {
    let before = 0
    for (let index = 0; index < page.entryCount; index++) {
      const start = before
      before += page.sizeOf(index)
      if (before <= entry) continue
      const bound = boundAfter(page, index, outerBound)
      const child = this.#openChild(page, index, bound)
      const skipped = Math.max(0, entry - start)
      if (child.level === 0) yield [child, skipped]
      else yield* this.#pagesBelowFrom(child, bound, skipped)
    }
  }

  #open(id: Buffer, bytes: number): TreePage {
    const plaintext = this.#load(id, bytes)
    if (plaintext.length !== bytes) {
      refusePage(`it has ${plaintext.length} bytes instead of ${bytes}`)
    }
    return decodeTreePage(plaintext, id)
  }

  #openChild(page: TreePage, index: number, bound: NameBound | undefined): TreePage {
    const reference = page.chunkOffsets[index]
    const child = this.#open(page.chunkId(reference), page.chunkBytes(reference))
    if (child.level !== page.level - 1) {
      refusePage(`a page of level ${child.level} lies below level ${page.level}`)
    }
    if (countEntries(child) !== page.sizeOf(index)) {
      refusePage('a page has another number of entries than its reference says')
    }
    // A page below another one has entries: the size of its reference is not 0.
    if (compareAcross(child, 0, page, index) !== 0) {
      refusePage('a page begins with another name than its reference says')
    }
    const last = child.entryCount - 1
    if (bound !== undefined && compareAcross(child, last, bound.page, bound.index) >= 0) {
      refusePage('names of two pages overlap')
    }
    return child
  }

  #spend(entryCount: number): void {
    this.#entriesLeft -= entryCount
    if (this.#entriesLeft < 0) refusePage('there are more entries than the snapshot has')
  }
}

/** Entries of level 0 in or below a page, as far as the page itself says. */
function countEntries(page: TreePage): number {
  if (page.level === 0) return page.entryCount
  let sum = 0
  for (let index = 0; index < page.entryCount; index++) sum += page.sizeOf(index)
  return sum
}

function boundAfter(
  page: TreePage,
  index: number,
  outerBound: NameBound | undefined,
): NameBound | undefined {
  return index + 1 < page.entryCount ? { page, index: index + 1 } : outerBound
}

function compareAcross(left: TreePage, leftIndex: number, right: TreePage, index: number): number {
  const start = left.nameOffsets[leftIndex]
  const end = left.nameOffsets[leftIndex + 1]
  return compareByteRanges(
    left.bytes,
    start,
    end,
    right.bytes,
    right.nameOffsets[index],
    right.nameOffsets[index + 1],
  )
}
