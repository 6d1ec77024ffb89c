/*
 * Scrolling over more rows than a browser can lay out. An element ends at 17 to 33 million pixels (Firefox, Chromium), which a
 * million rows exceed, so the scrolled element is at most `heightMax` high. Small steps (wheel, keys) move the rows by just as
 * many pixels; a jump (the bar is dragged) goes to the same share of the rows.
 */

export const heightMax = 8_000_000

export interface Scale {
  /** Of all rows together, in pixels. */
  readonly rowsHeight: number
  /** What is seen of them. */
  readonly viewHeight: number
}

export interface Position {
  /** The browser's. */
  readonly scrollTop: number
  /** First pixel of the rows that is seen. */
  readonly rowsTop: number
}

export function scrolledHeight({ rowsHeight }: Scale): number {
  return Math.min(rowsHeight, heightMax)
}

/** Where the rows are after the browser has scrolled. */
export function afterScroll(scale: Scale, before: Position, scrollTop: number): Position {
  const rowsTopMax = Math.max(0, scale.rowsHeight - scale.viewHeight)
  const scrollTopMax = Math.max(0, scrolledHeight(scale) - scale.viewHeight)
  if (rowsTopMax === scrollTopMax || scrollTop <= 0) return { scrollTop, rowsTop: scrollTop }
  if (scrollTop >= scrollTopMax - 1) return { scrollTop, rowsTop: rowsTopMax }
  const step = scrollTop - before.scrollTop
  const isSmall = Math.abs(step) <= scale.viewHeight * 2
  const wanted = isSmall ? before.rowsTop + step : (scrollTop / scrollTopMax) * rowsTopMax
  return { scrollTop, rowsTop: clamp(wanted, 0, rowsTopMax) }
}

/** Where the browser has to scroll so that these rows are seen. */
export function scrollTo(scale: Scale, rowsTop: number): Position {
  const rowsTopMax = Math.max(0, scale.rowsHeight - scale.viewHeight)
  const scrollTopMax = Math.max(0, scrolledHeight(scale) - scale.viewHeight)
  const top = clamp(rowsTop, 0, rowsTopMax)
  if (rowsTopMax === scrollTopMax) return { scrollTop: top, rowsTop: top }
  return { scrollTop: Math.round((top / rowsTopMax) * scrollTopMax), rowsTop: top }
}

/** Rows to draw, with some above and below what is seen. */
export function rowRange(
  rowsTop: number,
  viewHeight: number,
  rowHeight: number,
  count: number,
): { readonly from: number; readonly to: number } {
  const spare = 8
  const from = Math.max(0, Math.floor(rowsTop / rowHeight) - spare)
  return { from, to: Math.min(count, Math.ceil((rowsTop + viewHeight) / rowHeight) + spare) }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
