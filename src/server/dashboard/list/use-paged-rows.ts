import { useEffect, useRef, useState } from 'preact/hooks'

import { requestJson, type QueryValue } from '../api/request.ts'
import type { Page } from '../../api/answers.ts'
import { changes } from '../state/resource.ts'
import type { Order } from './column.ts'
import { orderQuery } from './use-order.ts'
import { PagedRows } from './paged-rows.ts'

export interface PagedQuery {
  readonly path: string
  readonly query: Readonly<Record<string, QueryValue>>
  /** What the server is asked to order the rows by. */
  readonly order?: Order
  readonly pageSize?: number
  readonly canJump?: boolean
  /** What never changes, such as a snapshot's files, is not read again when something else does. */
  readonly isFixed?: boolean
  /** Sees each page, for what comes besides the rows. */
  onPage?(page: Page<unknown>): void
}

/** Rows of a list endpoint for as long as a part of the page shows them. */
export function usePagedRows<Item>(wanted: PagedQuery): PagedRows<Item> | undefined {
  const [, redraw] = useState(0)
  const [rows, setRows] = useState<PagedRows<Item>>()
  const latest = useRef(wanted)
  latest.current = wanted
  const version = wanted.isFixed === true ? 0 : changes.value
  const key = JSON.stringify([wanted.path, wanted.query])
  const orderKey = JSON.stringify(wanted.order)
  const shownKey = useRef('')
  useEffect(() => {
    const { path, query, order, pageSize = 500, canJump = false } = latest.current
    const next = new PagedRows<Item>({
      pageSize,
      canJump,
      async read({ cursor, offset }, signal) {
        const place = canJump && cursor === null && offset > 0 ? { offset } : { cursor }
        const page = await requestJson<Page<Item>>(path, {
          query: { ...query, ...(order && orderQuery(order)), limit: pageSize, ...place },
          signal,
        })
        latest.current.onPage?.(page)
        return page
      },
      onChange() {
        // The old rows stay until the new ones are there, so that nothing flickers.
        setRows(next)
        redraw((count) => count + 1)
      },
    })
    if (shownKey.current !== key) setRows(undefined)
    // In another order they are the same rows: the list stays, and the focus with it, but says that it waits.
    else redraw((count) => count + 1)
    shownKey.current = key
    return () => next.close()
  }, [key, orderKey, version])
  return rows
}
