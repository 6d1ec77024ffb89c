import { textWidth, truncate } from './text-width.ts'

export interface Column {
  readonly title: string
  /** Numbers and sizes stand right. */
  readonly align?: 'left' | 'right'
  /** On a terminal that is too narrow the columns with a number are left out, the smallest number first. */
  readonly dropOrder?: number
}

export interface TableStyle {
  /** Columns of the terminal; undefined (a pipe, a file) never cuts a cell. */
  readonly width: number | undefined
  /** Marks the titles; the identity where colours are off. */
  readonly heading: (text: string) => string
}

/** Where no terminal is: a file, an answer over HTTP. */
export const plainTable: TableStyle = { width: undefined, heading: (text) => text }

const gap = '  '

/** The last column is never cut below this, because a few letters of a description tell nothing. */
const lastColumnMin = 12

/**
 * Lays out rows in aligned columns, one line each, without trailing blanks.
 *
 * The cells must be safe to print already. On a terminal that is too narrow, columns are left out as their `dropOrder`
 * says, and the last one is cut; other places get everything.
 * @returns Lines that end in a line feed.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): string {
  const measured = columns.map((column, index) => ({
    ...column,
    index,
    width: rows.reduce(
      (widest, row) => Math.max(widest, textWidth(row[index])),
      textWidth(column.title),
    ),
  }))
  const shown = fit(measured, style.width)
  const room =
    style.width === undefined ? Infinity : Math.max(lastColumnMin, roomForLast(shown, style.width))
  const line = (cells: readonly string[]): string =>
    shown
      .map(({ align, width, index }) => {
        if (index < columns.length - 1) return pad(cells[index], width, align)
        return pad(truncate(cells[index], room), Math.min(width, room), align)
      })
      .join(gap)
      .trimEnd()
  const titles = style.heading(line(columns.map(({ title }) => title)))
  return [titles, ...rows.map(line)].map((text) => `${text}\n`).join('')
}

interface MeasuredColumn extends Column {
  /** Place in the rows. */
  readonly index: number
  readonly width: number
}

function fit(
  columns: readonly MeasuredColumn[],
  width: number | undefined,
): readonly MeasuredColumn[] {
  if (width === undefined || roomForLast(columns, width) >= lastColumnMin) return columns
  const order = Math.min(...columns.map(({ dropOrder }) => dropOrder ?? Infinity))
  if (order === Infinity) return columns
  return fit(
    columns.filter(({ dropOrder }) => dropOrder !== order),
    width,
  )
}

function roomForLast(columns: readonly MeasuredColumn[], width: number): number {
  return columns.slice(0, -1).reduce((room, column) => room - column.width - gap.length, width)
}

/** `name   value` lines, the values aligned. */
export function formatPairs(pairs: readonly (readonly [string, string])[], indent = ''): string {
  const width = pairs.reduce((widest, [name]) => Math.max(widest, textWidth(name)), 0)
  return pairs
    .map(([name, value]) => `${indent}${pad(name, width, 'left')}${gap}${value}`.trimEnd() + '\n')
    .join('')
}

function pad(text: string, width: number, align: Column['align']): string {
  const blanks = ' '.repeat(Math.max(0, width - textWidth(text)))
  return align === 'right' ? blanks + text : text + blanks
}
