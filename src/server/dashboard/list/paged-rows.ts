import type { Page } from '../../api/answers.ts'
import type { RowSource } from './row-source.ts'

/** Either the cursor of the page before, or, where the server allows it, the number of rows before. */
export interface PageRequest {
  readonly cursor: string | null
  readonly offset: number
}

export interface PagedOptions<Item> {
  readonly pageSize: number
  /** Whether the server can begin anywhere; else pages are read one after the other. */
  readonly canJump: boolean
  read(request: PageRequest, signal: AbortSignal): Promise<Page<Item>>
  onChange(): void
}

/** Pages that are kept; of a million rows the others are read again when somebody goes back to them. */
const pagesMax = 40

/** Rows that a server gives page by page, read when they are about to be seen. */
export class PagedRows<Item> implements RowSource<Item> {
  readonly #options: PagedOptions<Item>
  readonly #pages = new Map<number, readonly Item[]>()
  readonly #cursors = new Map<number, string | null>([[0, null]])
  readonly #abort = new AbortController()
  #count = 0
  #isCountFinal = false
  #wanted: readonly number[] = [0]
  #isReading = false
  error: Error | undefined
  /** False until the first page is there. */
  isReady = false

  constructor(options: PagedOptions<Item>) {
    this.#options = options
    void this.#readWanted()
  }

  /** Including the next row, which says that there are more, while the end is not known. */
  get count(): number {
    return this.#count
  }

  /** Undefined while nobody knows how many there are. */
  get total(): number | undefined {
    return this.#isCountFinal ? this.#count : undefined
  }

  get(index: number): Item | undefined {
    const { pageSize } = this.#options
    return this.#pages.get(Math.floor(index / pageSize))?.[index % pageSize]
  }

  want(from: number, to: number): void {
    const { pageSize } = this.#options
    const first = Math.max(0, Math.floor(from / pageSize))
    const last = Math.max(first, Math.floor((to - 1) / pageSize))
    this.#wanted = Array.from({ length: last - first + 1 }, (_, index) => first + index)
    if (!this.#isReading && this.error === undefined) void this.#readWanted()
  }

  retry(): void {
    this.error = undefined
    void this.#readWanted()
  }

  /** Others come in place of these: nothing is read any more. */
  close(): void {
    this.#abort.abort()
  }

  get isStale(): boolean {
    return this.#abort.signal.aborted
  }

  async #readWanted(): Promise<void> {
    this.#isReading = true
    try {
      for (let page = this.#nextPage(); page !== undefined; page = this.#nextPage()) {
        await this.#readPage(page)
        this.#options.onChange()
      }
    } catch (error) {
      if (this.#abort.signal.aborted) return
      this.error = error instanceof Error ? error : new Error(String(error))
      this.#options.onChange()
    } finally {
      this.#isReading = false
    }
  }

  /** The page that is read next, looked at anew after each one: meanwhile somebody may have scrolled on. */
  #nextPage(): number | undefined {
    if (this.#abort.signal.aborted) return undefined
    const missing = this.#wanted.find((page) => !this.#pages.has(page) && this.#mayExist(page))
    if (missing === undefined || this.#options.canJump || this.#cursors.has(missing)) return missing
    const known = [...this.#cursors.keys()].filter((page) => page < missing)
    return known.length === 0 ? undefined : Math.max(...known)
  }

  #mayExist(page: number): boolean {
    return page === 0 || page * this.#options.pageSize < this.#count
  }

  async #readPage(page: number): Promise<void> {
    const { pageSize, read } = this.#options
    const offset = page * pageSize
    const cursor = this.#cursors.get(page) ?? null
    const { items, next_cursor: next, total } = await read({ cursor, offset }, this.#abort.signal)
    this.isReady = true
    this.#pages.delete(page)
    this.#pages.set(page, items)
    if (next !== null) this.#cursors.set(page + 1, next)
    this.#learnCount(offset + items.length, next !== null, total)
    this.#dropFarPages()
  }

  #learnCount(seen: number, hasMore: boolean, total: number | undefined): void {
    if (total !== undefined || !hasMore) {
      this.#count = total ?? seen
      this.#isCountFinal = true
    } else if (!this.#isCountFinal) {
      this.#count = Math.max(this.#count, seen + 1)
    }
  }

  #dropFarPages(): void {
    for (const page of this.#pages.keys()) {
      if (this.#pages.size <= pagesMax) return
      if (!this.#wanted.includes(page)) this.#pages.delete(page)
    }
  }
}
