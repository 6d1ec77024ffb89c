/** Rows of a list, of which only some need be there. */
export interface RowSource<Item> {
  /** As far as it is known. */
  readonly count: number
  /** Undefined while nobody knows how many there are. */
  readonly total: number | undefined
  /** Others are on their way in place of these. */
  readonly isStale?: boolean
  /** Undefined while it is loaded. */
  get(index: number): Item | undefined
  /** Asks for the rows that are drawn next. */
  want(from: number, to: number): void
}

export function arraySource<Item>(items: readonly Item[]): RowSource<Item> {
  const { length } = items
  return { count: length, total: length, get: (index) => items[index], want: () => undefined }
}
