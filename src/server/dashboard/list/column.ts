import type { ComponentChildren } from 'preact'

/** What a list is ordered by. */
export interface Order {
  readonly by: string
  readonly isDescending: boolean
}

/** A column of a list: what it is called and what stands in it. */
export interface Column<Item> {
  readonly name: string
  /** Only those who hear the page need the name, as that of a column of boxes. */
  readonly isNameUnseen?: boolean
  /** Of heading and cells: a column of numbers, or one that is shown only where there is room. */
  readonly class?: string
  /** Of a cell, besides. */
  classOf?(item: Item): string
  /** The server's name for this order, where the list can be ordered by this column. */
  readonly sort?: string
  /** What is asked for first: the newest, the largest. */
  readonly isDescendingFirst?: boolean
  draw(item: Item, index: number): ComponentChildren
}
