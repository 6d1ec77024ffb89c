import type { RowSource } from './row-source.ts'

export interface ListKeys<Item> {
  readonly rows: RowSource<Item>
  readonly active: number
  /** Rows of a screen. */
  readonly page: number
  move(index: number): void
  onOpen?(item: Item, index: number): void
  onToggle?(item: Item, index: number, isRange: boolean): void
}

/** Does what a key means in a list; keys of links and boxes inside of it are theirs. */
export function takeListKey<Item>(event: KeyboardEvent, keys: ListKeys<Item>): void {
  if (event.target !== event.currentTarget) return
  if (event.altKey || event.ctrlKey || event.metaKey) return
  const { rows, active } = keys
  const target = targetOf(event.key, active, keys.page, rows.count)
  const item = rows.get(active)
  if (target !== undefined) {
    const index = Math.max(0, Math.min(rows.count - 1, target))
    keys.move(index)
    const next = rows.get(index)
    if (event.shiftKey && next !== undefined) keys.onToggle?.(next, index, true)
  } else if (event.key === 'Enter' && item !== undefined) keys.onOpen?.(item, active)
  else if (event.key === ' ' && item !== undefined) keys.onToggle?.(item, active, event.shiftKey)
  else return
  event.preventDefault()
}

function targetOf(key: string, active: number, page: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return active + 1
    case 'ArrowUp':
      return active - 1
    case 'PageDown':
      return active + page
    case 'PageUp':
      return active - page
    case 'Home':
      return 0
    case 'End':
      return count - 1
    default:
      return undefined
  }
}
