import { sortPart } from './sort-part.ts'

/** The smallest of any number of items; not more than twice as many are held as are kept. */
export class SmallestItems<Item> {
  readonly #max: number
  readonly #compare: (one: Item, other: Item) => number
  readonly #items: Item[] = []
  /** What is not smaller than this is not among them. */
  #bound: Item | undefined

  constructor(max: number, compare: (one: Item, other: Item) => number) {
    this.#max = max
    this.#compare = compare
  }

  add(item: Item): void {
    if (this.#bound !== undefined && this.#compare(item, this.#bound) >= 0) return
    this.#items.push(item)
    if (this.#items.length >= 2 * this.#max) this.#cut()
  }

  /** In order. */
  sorted(): readonly Item[] {
    if (this.#items.length > this.#max) this.#cut()
    return this.#items.sort(this.#compare)
  }

  #cut(): void {
    sortPart(this.#items, [0, this.#max], this.#compare)
    this.#items.length = this.#max
    this.#bound = this.#items[this.#max - 1]
  }
}
