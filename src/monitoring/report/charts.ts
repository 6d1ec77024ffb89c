import { escapeHtml } from './escape-html.ts'

/** One value of a row of days. */
export interface DayValue {
  readonly date: string
  readonly value: number
}

export interface ChartLine {
  readonly name: string
  /** Class of the line: `first` or `second`. */
  readonly style: string
  readonly values: readonly DayValue[]
}

const width = 480
const height = 150
const left = 64
const right = 8
const top = 10
const bottom = 22
const plotWidth = width - left - right
const plotHeight = height - top - bottom

/** Vertical bars, one for each day. */
export function barChart(
  label: string,
  values: readonly DayValue[],
  format: (value: number) => string,
): string {
  const most = axisMax(values.map(({ value }) => value))
  const step = plotWidth / Math.max(1, values.length)
  const bars = values.map(({ date, value }, index) => {
    const tall = (value / most) * plotHeight
    // A day on which little was stored should not look like one on which nothing was.
    const shown = value > 0 ? Math.max(tall, 1.5) : 0
    const x = left + index * step + step * 0.12
    const y = top + plotHeight - shown
    const title = `<title>${escapeHtml(`${date}: ${format(value)}`)}</title>`
    return `<rect class="bar" x="${fixed(x)}" y="${fixed(y)}" width="${fixed(step * 0.76)}" height="${fixed(shown)}" rx="1">${title}</rect>`
  })
  return frame(label, most, { dates: values.map(({ date }) => date), format }, bars.join(''))
}

/** Lines over the same days. */
export function lineChart(
  label: string,
  lines: readonly ChartLine[],
  format: (value: number) => string,
): string {
  const most = axisMax(lines.flatMap(({ values }) => values.map(({ value }) => value)))
  const dates = (lines[0]?.values ?? []).map(({ date }) => date)
  const step = plotWidth / Math.max(1, dates.length - 1)
  const drawn = lines.map(({ name, style, values }) => {
    const points = values.map(({ value }, index) => {
      const y = top + plotHeight - (value / most) * plotHeight
      return `${fixed(left + index * step)},${fixed(y)}`
    })
    const newest = values.at(-1)
    const title = newest === undefined ? name : `${name}: ${format(newest.value)} on ${newest.date}`
    return `<polyline class="line ${style}" points="${points.join(' ')}"><title>${escapeHtml(title)}</title></polyline>`
  })
  return frame(label, most, { dates, format }, drawn.join(''))
}

export interface NamedValue {
  readonly name: string
  readonly value: number
}

const rowHeight = 26

/** Horizontal bars with their names and values, the longest as wide as there is room. */
export function rowChart(
  label: string,
  rows: readonly NamedValue[],
  format: (value: number) => string,
): string {
  const most = rows.reduce((a, { value }) => Math.max(a, value), 0) || 1
  const room = width - 90 - 76
  const drawn = rows.map(({ name, value }, index) => {
    const y = index * rowHeight + 6
    const wide = Math.max(value > 0 ? 1.5 : 0, (value / most) * room)
    return (
      `<text class="tick" x="84" y="${y + 12}" text-anchor="end">${escapeHtml(name)}</text>` +
      `<rect class="bar" x="90" y="${y}" width="${fixed(wide)}" height="16" rx="2"/>` +
      `<text class="tick" x="${fixed(90 + wide + 6)}" y="${y + 12}">${escapeHtml(format(value))}</text>`
    )
  })
  const tall = Math.max(1, rows.length) * rowHeight + 6
  return `<svg viewBox="0 0 ${width} ${tall}" role="img" aria-label="${escapeHtml(label)}">${drawn.join('')}</svg>`
}

interface Axis {
  readonly dates: readonly string[]
  readonly format: (value: number) => string
}

function frame(label: string, most: number, { dates, format }: Axis, content: string): string {
  const rules = [0, 0.5, 1].map((part) => {
    const y = fixed(top + plotHeight * (1 - part))
    return (
      `<line class="rule" x1="${left}" x2="${width - right}" y1="${y}" y2="${y}"/>` +
      `<text class="tick" x="${left - 6}" y="${y}" dy="4" text-anchor="end">${escapeHtml(format(most * part))}</text>`
    )
  })
  const days = [
    dateText(dates[0], left, 'start'),
    dateText(dates[Math.floor(dates.length / 2)], left + plotWidth / 2, 'middle'),
    dateText(dates.at(-1), width - right, 'end'),
  ]
  return (
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(label)}">` +
    `${rules.join('')}${content}${days.join('')}</svg>`
  )
}

function dateText(date: string | undefined, x: number, anchor: string): string {
  if (date === undefined) return ''
  return `<text class="tick" x="${x}" y="${height - 6}" text-anchor="${anchor}">${escapeHtml(date.slice(5))}</text>`
}

/** The next power of two times one of 1, 1.25, 1.5, 1.75: sizes are shown in powers of 1,024. */
function axisMax(values: readonly number[]): number {
  const most = values.reduce((a, b) => Math.max(a, b), 0)
  if (most <= 0) return 1
  const power = 2 ** Math.floor(Math.log2(most))
  const factor = [1, 1.25, 1.5, 1.75, 2].find((step) => power * step >= most) ?? 2
  return power * factor
}

function fixed(value: number): string {
  return String(Math.round(value * 100) / 100)
}
