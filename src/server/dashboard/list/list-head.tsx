import type { JSX, RefObject } from 'preact'

import { Icon } from '../parts/icon.tsx'
import type { Column, Order } from './column.ts'

export interface ListHeadProps<Item> {
  readonly head: RefObject<HTMLDivElement | null>
  readonly columns: readonly Column<Item>[]
  readonly order: Order | undefined
  onOrder?(order: Order): void
}

/** The headings: the first row of the grid, which stays where it is while the others are scrolled. */
export function ListHead<Item>({
  head,
  columns,
  order,
  onOrder,
}: ListHeadProps<Item>): JSX.Element {
  return (
    <div ref={head} class="list-head" role="row" aria-rowindex={1}>
      {columns.map((column, at) => {
        const canSort = column.sort !== undefined && onOrder !== undefined
        return (
          <span
            key={column.name}
            role="columnheader"
            aria-colindex={at + 1}
            aria-sort={canSort ? sortOf(column, order) : undefined}
            class={column.class ?? ''}
          >
            {canSort ? (
              <button
                type="button"
                class="list-sort"
                onClick={() => onOrder(nextOrder(column, order))}
              >
                {column.name}
                <Icon name="up" />
              </button>
            ) : (
              <span class={column.isNameUnseen === true ? 'unseen' : ''}>{column.name}</span>
            )}
          </span>
        )
      })}
    </div>
  )
}

function sortOf<Item>(
  { sort }: Column<Item>,
  order: Order | undefined,
): 'ascending' | 'descending' | 'none' {
  if (order === undefined || order.by !== sort) return 'none'
  return order.isDescending ? 'descending' : 'ascending'
}

/** The other way round, or, of another column, what is looked for first. */
function nextOrder<Item>(
  { sort = '', isDescendingFirst = false }: Column<Item>,
  order: Order | undefined,
): Order {
  const isDescending = order?.by === sort ? !order.isDescending : isDescendingFirst
  return { by: sort, isDescending }
}
