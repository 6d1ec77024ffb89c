import { textWidth, truncate } from './text-width.ts'

export interface Column {
  readonly title: string
  /** Numbers and sizes stand right. */
  readonly align?: 'left' | 'right'
}

export interface TableStyle {
  /** Columns of the terminal; undefined (a pipe, a file) never cuts a cell. */
  readonly width: number | undefined
  /** Marks the titles; the identity where colours are off. */
  readonly heading: (text: string) => string
}

const gap = '  '

/** The last column is never cut below this, because a few letters of a description tell nothing. */
const lastColumnMin = 12

/**
 * Lays out rows in aligned columns, one line each, without trailing blanks.
 *
 * The cells must be safe to print already. Only the last column is cut to the terminal's width.
 * @returns Lines that end in a line feed.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): string {
  const widths = columns.map(({ title }, index) =>
    rows.reduce((widest, row) => Math.max(widest, textWidth(row[index] ?? '')), textWidth(title)),
  )
  const room = lastColumnRoom(widths, style.width)
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, index) => {
        const cell = cells[index] ?? ''
        if (index < columns.length - 1) return pad(cell, widths[index], align)
        const cut = room === undefined ? cell : truncate(cell, room)
        return align === 'right' ? pad(cut, Math.min(widths[index], room ?? Infinity), align) : cut
      })
      .join(gap)
      .trimEnd()
  const titles = style.heading(line(columns.map(({ title }) => title)))
  return [titles, ...rows.map(line)].map((text) => `${text}\n`).join('')
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

function lastColumnRoom(widths: readonly number[], width: number | undefined): number | undefined {
  if (width === undefined) return undefined
  const before = widths.slice(0, -1).reduce((sum, columns) => sum + columns + gap.length, 0)
  return Math.max(lastColumnMin, width - before)
}
