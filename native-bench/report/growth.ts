import type { Sample } from '../harness/sample.ts'
import { xTicks } from './line-chart.ts'
import type { Table } from './table.ts'

/** How a tool's repository grew. */
export interface RepositoryGrowth {
  readonly tool: string
  readonly points: readonly (readonly [generation: number, megabytes: number])[]
}

/** Repository sizes after each backup of a series, in the first round. */
export function growthOf(samples: readonly Sample[], dataSet: string): RepositoryGrowth[] {
  return samples.flatMap(({ dataSet: name, round, tool, growth }) =>
    name === dataSet && round === 1 && growth !== undefined
      ? [{ tool, points: growth.map((at) => [at.generation, at.byteCount / 1e6] as const) }]
      : [],
  )
}

/** Sizes after the first, each tenth and the last generation; nothing where there was no series. */
export function growthTables(samples: readonly Sample[], dataSet: string): Table[] {
  const growths = growthOf(samples, dataSet)
  const last = Math.max(0, ...growths.flatMap(({ points }) => points.map(([at]) => at)))
  if (last === 0) return []
  const sizeAt = ({ points }: RepositoryGrowth, generation: number): string =>
    points.find(([at]) => at === generation)?.[1].toFixed(1) ?? '–'
  return [
    {
      title: 'Repository after each generation, MB',
      header: ['', ...growths.map(({ tool }) => tool)],
      rows: xTicks(last).map((generation) => [
        `generation ${generation}`,
        ...growths.map((growth) => sizeAt(growth, generation)),
      ]),
    },
  ]
}
