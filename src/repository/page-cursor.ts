import type { TreePage } from '../format/tree/tree-page.ts'

/** Goes through a directory beside another one, both in the order of names. */
export class PageCursor {
  readonly #pages: Iterator<TreePage> | null
  #page: TreePage | null = null
  #index = 0

  /** @param pages of level 0; null for a directory that is not there */
  constructor(pages: Iterator<TreePage> | null) {
    this.#pages = pages
    this.#nextPage()
  }

  /** The page of the entry that the last `find` met. */
  get page(): TreePage {
    if (!this.#page) throw new RangeError('The cursor stands on no entry')
    return this.#page
  }

  get index(): number {
    return this.#index
  }

  /**
   * Moves to the entry with this name. Names must be asked for in ascending order.
   *
   * @returns whether there is one
   */
  find(names: Uint8Array, start: number, end: number): boolean {
    while (this.#page) {
      if (this.#index >= this.#page.entryCount) {
        this.#nextPage()
        continue
      }
      const order = this.#page.compareName(this.#index, names, start, end)
      if (order >= 0) return order === 0
      this.#index += 1
    }
    return false
  }

  /** As `find`, for the name of an entry of another page. */
  findSame(wanted: TreePage, index: number): boolean {
    return this.find(wanted.bytes, wanted.nameOffsets[index], wanted.nameOffsets[index + 1])
  }

  #nextPage(): void {
    const next = this.#pages?.next()
    this.#page = next && !next.done ? next.value : null
    this.#index = 0
  }
}
