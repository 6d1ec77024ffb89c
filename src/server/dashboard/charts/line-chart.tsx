import type { JSX } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

import { dayText } from '../text/time-text.ts'
import { areaPath, axisTicks, linePath, type Point } from './chart-scale.ts'

export interface Series {
  readonly name: string
  /** Names the colour in the style sheet. */
  readonly tone: 'first' | 'second'
  readonly values: readonly number[]
}

export interface LineChartProps {
  /** What it says, for those who do not see it. */
  readonly label: string
  readonly dates: readonly string[]
  readonly series: readonly Series[]
  readonly base: 1024 | 10
  format(value: number): string
}

const height = 190
const margin = { top: 12, right: 12, bottom: 24, left: 64 }

export function LineChart(props: LineChartProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(480)
  const [hovered, setHovered] = useState<number>()
  useLayoutEffect(() => {
    if (frame.current === null) return undefined
    const { current } = frame
    const measure = (): void => setWidth(Math.max(220, current.clientWidth))
    const observer = new ResizeObserver(measure)
    observer.observe(current)
    measure()
    return () => observer.disconnect()
  }, [])
  const place = placing(props, width)
  const follow = (event: PointerEvent): void => {
    const box = frame.current?.getBoundingClientRect()
    if (box === undefined || props.dates.length === 0) return
    const share = (event.clientX - box.left - margin.left) / (width - margin.left - margin.right)
    const index = Math.round(share * (props.dates.length - 1))
    setHovered(Math.max(0, Math.min(props.dates.length - 1, index)))
  }
  return (
    <div
      ref={frame}
      class="chart"
      onPointerMove={follow}
      onPointerLeave={() => setHovered(undefined)}
    >
      <svg width={width} height={height} role="img" aria-label={props.label}>
        <Axes {...props} width={width} place={place} />
        {props.series.map(({ name, tone, values }) => {
          const points = values.map((value, index) => place(index, value))
          return (
            <g key={name} class={`series-${tone}`}>
              <path class="area" d={areaPath(points, height - margin.bottom)} />
              <path class="line" d={linePath(points)} />
              {points.length === 1 && <circle cx={points[0].x} cy={points[0].y} r="3" />}
            </g>
          )
        })}
        {hovered !== undefined && <Crosshair {...props} index={hovered} place={place} />}
      </svg>
      <Legend {...props} index={hovered ?? props.dates.length - 1} />
    </div>
  )
}

type Place = (index: number, value: number) => Point

function mostOf({ series }: LineChartProps): number {
  return Math.max(0, ...series.flatMap(({ values }) => values)) * 1.05
}

function placing(props: LineChartProps, width: number): Place {
  const most = mostOf(props) || 1
  const across = width - margin.left - margin.right
  const down = height - margin.top - margin.bottom
  const steps = Math.max(1, props.dates.length - 1)
  return (index, value) => ({
    x: margin.left + (index / steps) * across,
    y: margin.top + down - (value / most) * down,
  })
}

function Axes(props: LineChartProps & { width: number; place: Place }): JSX.Element {
  const { dates, width, place } = props
  const labels = width < 420 ? 3 : 5
  const every = Math.max(1, Math.ceil((dates.length - 1) / (labels - 1)))
  return (
    <g class="axes">
      {axisTicks(mostOf(props), props.base).map((tick) => {
        const { y } = place(0, tick)
        return (
          <g key={tick}>
            <line x1={margin.left} x2={width - margin.right} y1={y} y2={y} />
            <text x={margin.left - 8} y={y + 4} text-anchor="end">
              {props.format(tick)}
            </text>
          </g>
        )
      })}
      {dates.map((date, index) =>
        index % every === 0 ? (
          <text
            key={date}
            x={place(index, 0).x}
            y={height - 6}
            text-anchor={index === 0 ? 'start' : index === dates.length - 1 ? 'end' : 'middle'}
          >
            {dayText(date)}
          </text>
        ) : null,
      )}
    </g>
  )
}

function Crosshair(props: LineChartProps & { index: number; place: Place }): JSX.Element {
  const { x } = props.place(props.index, 0)
  return (
    <g class="crosshair">
      <line x1={x} x2={x} y1={margin.top} y2={height - margin.bottom} />
      {props.series.map(({ name, tone, values }) => (
        <circle
          key={name}
          class={`series-${tone}`}
          cx={x}
          cy={props.place(props.index, values[props.index] ?? 0).y}
          r="4"
        />
      ))}
    </g>
  )
}

/** Says the values of the day under the pointer, else of the last one. */
function Legend(props: LineChartProps & { index: number }): JSX.Element {
  const date = props.dates[props.index]
  return (
    <div class="legend">
      {props.series.map(({ name, tone, values }) => (
        <span key={name}>
          <i class={`swatch series-${tone}`} /> {name}{' '}
          <strong class="number">{props.format(values[props.index] ?? 0)}</strong>
        </span>
      ))}
      {date !== undefined && <span class="muted">{dayText(date)}</span>}
    </div>
  )
}
