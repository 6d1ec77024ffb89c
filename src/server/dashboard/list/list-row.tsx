import type { JSX } from 'preact'

import type { Column } from './column.ts'
import type { VirtualListProps } from './virtual-list.tsx'

export interface ListRowProps<Item> extends VirtualListProps<Item> {
  readonly id: string
  readonly index: number
  readonly isActive: boolean
  readonly top: number
  readonly height: number
  activate(): void
}

export function ListRow<Item>(props: ListRowProps<Item>): JSX.Element {
  const { index, rows, columns, isActive, top, height } = props
  const item = rows.get(index)
  const isSelected = item !== undefined && props.isSelected?.(item) === true
  return (
    <div
      id={props.id}
      role="row"
      // The first row is that of the headings.
      aria-rowindex={index + 2}
      aria-selected={props.onToggle === undefined ? undefined : isSelected}
      class={`row${isActive ? ' is-active' : ''}${isSelected ? ' is-selected' : ''}`}
      style={{ transform: `translateY(${top}px)`, height: `${height}px` }}
      onMouseDown={props.activate}
      onClick={(event) => {
        if (item === undefined || isControl(event.target)) return
        if (event.shiftKey || event.ctrlKey || event.metaKey) {
          props.onToggle?.(item, index, event.shiftKey)
        } else props.onOpen?.(item, index)
      }}
    >
      {item === undefined ? (
        <span role="gridcell" aria-colindex={1} aria-colspan={columns.length} class="row-wait">
          Loading…
        </span>
      ) : (
        columns.map((column, at) => (
          <span
            key={column.name}
            role="gridcell"
            aria-colindex={at + 1}
            class={cellClass(column, item)}
          >
            {column.draw(item, index)}
          </span>
        ))
      )}
    </div>
  )
}

function cellClass<Item>(column: Column<Item>, item: Item): string | undefined {
  const names = [column.class, column.classOf?.(item)].filter((name) => name !== undefined)
  return names.length === 0 ? undefined : names.join(' ')
}

/** Links and boxes in a row do what they do, and the row nothing. */
function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('a, button, input, label') !== null
}
