import { escapeXml, markClass, renderSvg } from './svg.ts'

export interface BarChart {
  readonly title: string
  /** What a length of 1 stands for. */
  readonly baseline: string
  readonly series: readonly string[]
  readonly groups: readonly BarGroup[]
}

export interface BarGroup {
  readonly label: string
  /** One for each series; undefined leaves a gap. */
  readonly values: readonly (number | undefined)[]
}

const width = 760
const left = 300
const right = 60
const top = 76
const bottom = 16
const barHeight = 13
const groupGap = 14
/** Longer bars are cut, or one of them would make all others too short to compare. */
const valueMaxShown = 3

/** Groups of horizontal bars, with a line where the baseline is; each bar has its figure beside it. */
export function renderBarChart(chart: BarChart): string {
  const { title, baseline, series, groups } = chart
  const values = groups.flatMap((group) => group.values).filter((value) => value !== undefined)
  const scaleMax = Math.min(valueMaxShown, Math.max(1, ...values) * 1.05)
  const x = (value: number): number => left + (value / scaleMax) * (width - left - right)
  const groupHeight = series.length * barHeight + groupGap
  const height = top + groups.length * groupHeight + bottom
  const bars = groups.flatMap((group, groupIndex) => {
    const y = top + groupIndex * groupHeight
    const middle = y + (series.length * barHeight) / 2 + 4
    return [
      `<text x="${left - 10}" y="${round(middle)}" text-anchor="end">${escapeXml(group.label)}</text>`,
      ...series.flatMap((tool, index) =>
        bar(tool, group.values[index], { y: y + index * barHeight, x, scaleMax }),
      ),
    ]
  })
  return renderSvg({
    title,
    description: groups.map((group) => inWords(group, series)).join(' '),
    width,
    height,
    elements: [
      `<text class="heading" x="16" y="24">${escapeXml(title)}</text>`,
      ...legend(series),
      `<line class="one" x1="${round(x(1))}" y1="${top - 6}" x2="${round(x(1))}" y2="${height - bottom + 4}"/>`,
      `<text class="quiet" x="${round(x(1))}" y="${top - 10}" text-anchor="middle">${escapeXml(baseline)} = 1</text>`,
      ...bars,
    ],
  })
}

function bar(
  tool: string,
  value: number | undefined,
  place: { y: number; scaleMax: number; x(value: number): number },
): string[] {
  const { y, x, scaleMax } = place
  if (value === undefined) return []
  const end = x(Math.min(value, scaleMax))
  const cut = value > scaleMax ? ' →' : ''
  return [
    `<rect class="${markClass('fill', tool)}" x="${left}" y="${y}" width="${round(Math.max(1, end - left))}" height="${barHeight - 2}"/>`,
    `<text class="quiet value" x="${round(end + 4)}" y="${y + 10}">${value.toFixed(2)}${cut}</text>`,
  ]
}

/** Names beside squares of their colour, in one line. */
export function legend(series: readonly string[]): string[] {
  return series.flatMap((tool, index) => {
    const start = 16 + index * 118
    return [
      `<rect class="${markClass('fill', tool)}" x="${start}" y="34" width="10" height="10"/>`,
      `<text x="${start + 15}" y="43">${escapeXml(tool)}</text>`,
    ]
  })
}

function inWords({ label, values }: BarGroup, series: readonly string[]): string {
  const parts = series.flatMap((tool, index) => {
    const value = values[index]
    return value === undefined ? [] : [`${tool} ${value.toFixed(2)}`]
  })
  return `${label}: ${parts.join(', ')}.`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
