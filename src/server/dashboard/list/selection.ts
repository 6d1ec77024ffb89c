import { useState } from 'preact/hooks'

import type { RowSource } from './row-source.ts'

export interface Selection<Item> {
  readonly items: readonly Item[]
  has(item: Item): boolean
  /** @param isRange all from the one that was toggled before to this one */
  toggle(item: Item, index: number, isRange: boolean): void
  clear(): void
}

/** What is marked in a list, in the order in which it was. */
export function useSelection<Item>(
  keyOf: (item: Item) => string,
  rows: RowSource<Item> | undefined,
): Selection<Item> {
  const [chosen, setChosen] = useState<ReadonlyMap<string, Item>>(new Map())
  const [anchor, setAnchor] = useState(0)
  return {
    items: [...chosen.values()],
    has: (item) => chosen.has(keyOf(item)),
    toggle(item, index, isRange) {
      const next = new Map(chosen)
      if (isRange && rows !== undefined) {
        for (let at = Math.min(anchor, index); at <= Math.max(anchor, index); at++) {
          const each = rows.get(at)
          if (each !== undefined) next.set(keyOf(each), each)
        }
      } else if (!next.delete(keyOf(item))) next.set(keyOf(item), item)
      setChosen(next)
      if (!isRange) setAnchor(index)
    },
    clear: () => setChosen(new Map()),
  }
}
