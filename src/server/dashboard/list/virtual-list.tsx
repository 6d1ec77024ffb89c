import type { JSX } from 'preact'
import { useEffect, useId, useState } from 'preact/hooks'

import type { Column, Order } from './column.ts'
import { ListHead } from './list-head.tsx'
import { ListRow } from './list-row.tsx'
import type { RowSource } from './row-source.ts'
import { rowRange } from './scroll-scale.ts'
import { takeListKey } from './take-list-key.ts'
import { useScrolling } from './use-scrolling.ts'

export interface VirtualListProps<Item> {
  readonly label: string
  /** Names the columns' widths in the style sheet. */
  readonly kind: string
  readonly rows: RowSource<Item>
  readonly columns: readonly Column<Item>[]
  readonly rowHeight?: number
  /** What the rows are ordered by, where that can be chosen. */
  readonly order?: Order
  onOrder?(order: Order): void
  isSelected?(item: Item): boolean
  onOpen?(item: Item, index: number): void
  onToggle?(item: Item, index: number, isRange: boolean): void
}

/**
 * A table of any length: only rows that are seen are in the page. One stop for the Tab key and one for each heading that orders the
 * rows; arrows, Home, End, Page Up and Page Down move the active row, Enter opens it, Space selects it.
 */
export function VirtualList<Item>(props: VirtualListProps<Item>): JSX.Element {
  const { rows, columns, order, rowHeight = 38 } = props
  const scrolling = useScrolling(rows.count, rowHeight)
  const { view, viewHeight, position, show } = scrolling
  const [chosen, setActive] = useState(0)
  const active = Math.max(0, Math.min(chosen, rows.count - 1))
  const id = useId()
  const { from, to } = rowRange(position.rowsTop, viewHeight, rowHeight, rows.count)
  useEffect(() => rows.want(from, to), [rows, from, to])
  const move = (index: number): void => {
    setActive(index)
    show(index)
  }
  // In another order the row that was looked at is elsewhere, and the first ones are what was asked for.
  useEffect(() => move(0), [order?.by, order?.isDescending])
  const page = Math.max(1, Math.floor(viewHeight / rowHeight) - 1)
  const drawn = Array.from({ length: Math.max(0, to - from) }, (_, offset) => from + offset)
  return (
    <div class={`list list-${props.kind}`}>
      <div
        ref={view}
        class="list-view"
        role="grid"
        aria-label={props.label}
        // Headings are a row; -1 says that the number is not known yet.
        aria-rowcount={rows.total === undefined ? -1 : rows.total + 1}
        aria-colcount={columns.length}
        aria-busy={rows.isStale === true}
        aria-multiselectable={props.onToggle !== undefined}
        aria-activedescendant={rows.count > 0 ? `${id}-${active}` : undefined}
        tabIndex={0}
        onKeyDown={(event) => takeListKey(event, { ...props, active, page, move })}
        onScroll={scrolling.follow}
      >
        <ListHead
          head={scrolling.head}
          columns={columns}
          order={order}
          {...(props.onOrder !== undefined && { onOrder: props.onOrder })}
        />
        <div class="list-space" role="rowgroup" style={{ height: `${scrolling.spaceHeight}px` }}>
          {drawn.map((index) => (
            <ListRow
              key={index}
              {...props}
              id={`${id}-${index}`}
              index={index}
              isActive={index === active}
              top={position.scrollTop + index * rowHeight - position.rowsTop}
              height={rowHeight}
              activate={() => setActive(index)}
            />
          ))}
        </div>
      </div>
    </div>
  )
}
