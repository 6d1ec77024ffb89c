export interface Point {
  readonly x: number
  readonly y: number
}

/** Round steps of 1, 2 or 5 times a power of the base up to the largest value, zero included. */
export function axisTicks(most: number, base: 1024 | 10 = 10): number[] {
  if (!(most > 0)) return [0]
  const power =
    base === 10 ? decimalPower(most) : base ** Math.floor(Math.log(most) / Math.log(base))
  const unit = base === 10 ? power : power * decimalPower(most / power)
  const step = [0.2, 0.5, 1, 2, 5].map((factor) => factor * unit).find((each) => most / each <= 4)
  const chosen = step ?? unit * 5
  return Array.from({ length: Math.floor(most / chosen) + 1 }, (_, index) => index * chosen)
}

function decimalPower(value: number): number {
  return 10 ** Math.floor(Math.log10(value))
}

/** A line through the points, as the `d` of an SVG path. */
export function linePath(points: readonly Point[]): string {
  return points
    .map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`)
    .join('')
}

/** The area between the line and the bottom. */
export function areaPath(points: readonly Point[], bottom: number): string {
  if (points.length === 0) return ''
  const last = points[points.length - 1]
  return `${linePath(points)}L${round(last.x)} ${bottom}L${round(points[0].x)} ${bottom}Z`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
