import type { Locator } from 'playwright-core'

/** The rows of a list without that of its headings. */
export function listRows(list: Locator): Locator {
  return list.locator('[role=row]:has([role=gridcell])')
}
