import type { TreePage } from '../../format/tree/tree-page.ts'

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
   * Moves to the entry of the same name. Names must be asked for in ascending order.
   *
   * @returns whether there is one
   */
  find(wanted: TreePage, index: number): boolean {
    const start = wanted.nameOffsets[index]
    const end = wanted.nameOffsets[index + 1]
    while (this.#page) {
      if (this.#index >= this.#page.entryCount) {
        this.#nextPage()
        continue
      }
      const order = this.#page.compareName(this.#index, wanted.bytes, start, end)
      if (order >= 0) return order === 0
      this.#index += 1
    }
    return false
  }

  #nextPage(): void {
    const next = this.#pages?.next()
    this.#page = next && !next.done ? next.value : null
    this.#index = 0
  }
}
