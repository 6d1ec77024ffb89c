import type { Column } from './column.ts'
import type { Selection } from './selection.ts'

/** A column of boxes; a row without a label cannot be selected. */
export function selectionColumn<Item>(
  selection: Selection<Item>,
  labelOf: (item: Item) => string | undefined,
): Column<Item> {
  return {
    name: 'Select',
    isNameUnseen: true,
    draw(item, index) {
      const label = labelOf(item)
      if (label === undefined) return null
      return (
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={label}
          checked={selection.has(item)}
          onChange={() => selection.toggle(item, index, false)}
        />
      )
    },
  }
}
