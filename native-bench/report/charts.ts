import { renderBarChart } from './bar-chart.ts'
import { growthOf } from './growth.ts'
import { renderLineChart } from './line-chart.ts'
import { medianOf, worksOf } from './medians.ts'
import type { BenchResult } from './result.ts'
import { baselineOf } from './tables.ts'

/** A picture for the report. */
export interface Chart {
  readonly dataSet: string
  readonly fileName: string
  /** One sentence, for those who do not see it. */
  readonly title: string
  readonly svg: string
}

/** Wall times of each data set as ratios to the baseline, and how repositories grew. */
export function chartsOf(result: BenchResult): Chart[] {
  return result.dataSets.flatMap(({ name }) => [
    ...ratioChart(result, name),
    ...growthChart(result, name),
  ])
}

function ratioChart(result: BenchResult, dataSet: string): Chart[] {
  const tools = result.tools.map(({ name }) => name)
  const baseline = baselineOf(tools)
  const series = tools.filter((tool) => tool !== baseline)
  const wall = (work: string, tool: string): number | undefined =>
    medianOf(result, { dataSet, work, tool }, ({ cost }) => cost.wallSeconds)
  const groups = worksOf(result, dataSet).flatMap((work) => {
    const base = wall(work, baseline)
    if (base === undefined) return []
    const values = series.map((tool) => {
      const own = wall(work, tool)
      return own === undefined ? undefined : own / base
    })
    return [{ label: work, values }]
  })
  if (series.length === 0 || groups.length === 0) return []
  const title = `${dataSet}: wall time in relation to ${baseline}, less is better`
  return [
    {
      dataSet,
      fileName: `${dataSet}.svg`,
      title,
      svg: renderBarChart({ title, baseline, series, groups }),
    },
  ]
}

function growthChart(result: BenchResult, dataSet: string): Chart[] {
  // The floor keeps a whole archive of each day: beside it all others would be one line.
  const lines = growthOf(result.samples, dataSet).filter(({ tool }) => tool !== 'floor')
  if (lines.length === 0) return []
  const title = `${dataSet}: repository in MB after each generation`
  const series = lines.map(({ tool, points }) => ({ name: tool, points }))
  return [
    {
      dataSet,
      fileName: `${dataSet}-growth.svg`,
      title,
      svg: renderLineChart({ title, xLabel: 'generation', series }),
    },
  ]
}
