import type { Sample } from '../harness/sample.ts'
import { spreadOf } from '../harness/statistics.ts'
import type { BenchResult } from './result.ts'

/** Which cell of a table. */
export interface Cell {
  readonly dataSet: string
  readonly work: string
  readonly tool: string
}

/** The samples of one cell, one for each round. */
export function samplesOf(result: BenchResult, { dataSet, work, tool }: Cell): Sample[] {
  return result.samples.filter(
    (sample) => sample.dataSet === dataSet && sample.work === work && sample.tool === tool,
  )
}

/** The median over the rounds, or undefined when the tool did not do this work. */
export function medianOf(
  result: BenchResult,
  cell: Cell,
  figure: (sample: Sample) => number,
): number | undefined {
  const samples = samplesOf(result, cell)
  return samples.length === 0 ? undefined : spreadOf(samples.map(figure)).median
}

/** Titles of a data set's works, in the order in which they were measured. */
export function worksOf(result: BenchResult, dataSet: string): string[] {
  const own = result.samples.filter((sample) => sample.dataSet === dataSet)
  return [...new Set(own.map((sample) => sample.work))]
}

/** Repository bytes that a work added, given every sample of the result. */
export function addedBytes(samples: readonly Sample[], sample: Sample): number {
  const own = samples.filter(
    ({ dataSet, tool, round }) =>
      dataSet === sample.dataSet && tool === sample.tool && round === sample.round,
  )
  const index = own.indexOf(sample)
  const before = index === 0 ? 0 : own[index - 1].repository.byteCount
  return sample.repository.byteCount - before
}
