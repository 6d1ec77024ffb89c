import type { JSX } from 'preact'

import { Empty, Failure, Loading } from '../parts/states.tsx'
import type { PagedRows } from './paged-rows.ts'
import { VirtualList, type VirtualListProps } from './virtual-list.tsx'

export interface PagedListProps<Item> extends Omit<VirtualListProps<Item>, 'rows'> {
  readonly rows: PagedRows<Item> | undefined
  /** What is said when there is nothing. */
  readonly emptyTitle: string
  readonly emptyText?: string
}

/** A list that the server gives page by page, and what stands in its place while there is none. */
export function PagedList<Item>(props: PagedListProps<Item>): JSX.Element {
  const { rows, emptyTitle, emptyText, ...list } = props
  const failure = rows?.error && <Failure error={rows.error} retry={() => rows.retry()} />
  if (rows === undefined || !rows.isReady) return failure ?? <Loading />
  if (rows.count === 0) return failure ?? <Empty title={emptyTitle}>{emptyText}</Empty>
  return (
    <>
      {failure}
      <VirtualList {...list} rows={rows} />
    </>
  )
}
