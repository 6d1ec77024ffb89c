import { legend } from './bar-chart.ts'
import { escapeXml, markClass, renderSvg } from './svg.ts'

export interface LineChart {
  readonly title: string
  readonly xLabel: string
  readonly series: readonly LineSeries[]
}

export interface LineSeries {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

const width = 760
const height = 360
const left = 64
const right = 24
const top = 64
const bottom = 48
const stepsWanted = 5

/** Lines over a common axis that starts at 0, so that lengths can be compared. */
export function renderLineChart({ title, xLabel, series }: LineChart): string {
  const points = series.flatMap((line) => line.points)
  const xMax = Math.max(1, ...points.map(([x]) => x))
  const yMax = Math.max(1, ...points.map(([, y]) => y))
  const step = roundStep(yMax / stepsWanted)
  const yTop = Math.ceil(yMax / step) * step
  const x = (value: number): number => left + (value / xMax) * (width - left - right)
  const y = (value: number): number => height - bottom - (value / yTop) * (height - top - bottom)
  const ticks = Array.from({ length: Math.round(yTop / step) + 1 }, (_, index) => index * step)
  return renderSvg({
    title,
    description: series.map(inWords).join(' '),
    width,
    height,
    elements: [
      `<text class="heading" x="16" y="24">${escapeXml(title)}</text>`,
      ...legend(series.map(({ name }) => name)),
      ...ticks.flatMap((tick) => [
        `<line class="grid" x1="${left}" y1="${y(tick).toFixed(1)}" x2="${width - right}" y2="${y(tick).toFixed(1)}"/>`,
        `<text class="quiet" x="${left - 8}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${tick}</text>`,
      ]),
      ...xTicks(xMax).map(
        (tick) =>
          `<text class="quiet" x="${x(tick).toFixed(1)}" y="${height - bottom + 18}" text-anchor="middle">${tick}</text>`,
      ),
      `<text class="quiet" x="${(left + width - right) / 2}" y="${height - 10}" text-anchor="middle">${escapeXml(xLabel)}</text>`,
      ...series.map(({ name, points: own }) => {
        const path = own.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(' ')
        return `<polyline class="${markClass('line', name)}" points="${path}"/>`
      }),
    ],
  })
}

/** The next 1, 2 or 5 times a power of ten. */
export function roundStep(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(wanted))
  const step = [1, 2, 5, 10].find((factor) => factor * power >= wanted) ?? 10
  return step * power
}

/** The first, every tenth and the last. */
export function xTicks(last: number): number[] {
  const tens = Array.from({ length: Math.floor(last / 10) }, (_, index) => (index + 1) * 10)
  return [...new Set([1, ...tens.filter((ten) => ten === last || last - ten >= 5), last])]
}

function inWords({ name, points }: LineSeries): string {
  const [first, last] = [points.at(0), points.at(-1)]
  if (first === undefined || last === undefined) return `${name}: nothing.`
  return `${name}: ${first[1].toFixed(0)} at ${first[0]}, ${last[1].toFixed(0)} at ${last[0]}.`
}
