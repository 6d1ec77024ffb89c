import type { Sample } from '../harness/sample.ts'
import { spreadOf, type Spread } from '../harness/statistics.ts'
import { growthTables } from './growth.ts'
import { addedBytes } from './medians.ts'
import type { BenchResult } from './result.ts'
import type { Table } from './table.ts'

/**
 * Cores kept busy by others from which on a wall time is marked: a tenth of a core is a percent or
 * two of the result.
 */
export const disturbedFromCores = 0.1

interface Measure {
  readonly title: string
  readonly digits: number
  readonly isTime?: boolean
  value(sample: Sample): number
  /** Only works that write to the repository have it. */
  readonly isOfWritesOnly?: boolean
}

const measures: readonly Measure[] = [
  { title: 'Wall time, s', digits: 2, isTime: true, value: ({ cost }) => cost.wallSeconds },
  { title: 'CPU time, s', digits: 2, value: ({ cost }) => cost.userSeconds + cost.systemSeconds },
  { title: 'of which in user mode, s', digits: 2, value: ({ cost }) => cost.userSeconds },
  { title: 'Peak memory, MB', digits: 0, value: ({ cost }) => cost.peakMemoryBytes / 1e6 },
  {
    title: 'Repository afterwards, MB',
    digits: 1,
    value: (sample) => sample.repository.byteCount / 1e6,
    isOfWritesOnly: true,
  },
  {
    title: 'Files in the repository',
    digits: 0,
    value: (sample) => sample.repository.fileCount,
    isOfWritesOnly: true,
  },
  {
    title: 'Local cache afterwards, MB',
    digits: 1,
    value: (sample) => sample.cache.byteCount / 1e6,
    isOfWritesOnly: true,
  },
  { title: 'Read through system calls, MB', digits: 0, value: ({ cost }) => cost.readBytes / 1e6 },
  {
    title: 'Written through system calls, MB',
    digits: 0,
    value: ({ cost }) => cost.writtenBytes / 1e6,
  },
]

/**
 * One table per measure: a row for each work, a column for each tool, and Holdfast's ratio to the
 * baseline, which is restic when it took part and the first tool otherwise.
 */
export function tablesOf(result: BenchResult, dataSet: string): Table[] {
  const samples = result.samples.filter((sample) => sample.dataSet === dataSet)
  const growth: Measure = {
    title: 'Added to the repository, MB',
    digits: 2,
    value: (sample) => addedBytes(samples, sample) / 1e6,
    isOfWritesOnly: true,
  }
  const each = [...measures.slice(0, 5), growth, ...measures.slice(5)]
  return [
    ...each.map((measure) => tableOf(result, samples, measure)),
    ...growthTables(samples, dataSet),
  ]
}

/** What the others are compared with. */
export function baselineOf(tools: readonly string[]): string {
  return tools.includes('restic') ? 'restic' : tools[0]
}

/** Ratios of all tools would make the tables too wide; the charts have them. */
function comparedTools(tools: readonly string[], baseline: string): readonly string[] {
  const own = tools.filter((tool) => tool.startsWith('holdfast') && tool !== baseline)
  return own.length > 0 ? own : tools.filter((tool) => tool !== baseline)
}

function tableOf(result: BenchResult, samples: readonly Sample[], measure: Measure): Table {
  const tools = result.tools.map((tool) => tool.name)
  const baseline = baselineOf(tools)
  const others = comparedTools(tools, baseline)
  const fitting = samples.filter(({ isWriting }) => isWriting || measure.isOfWritesOnly !== true)
  const works = [...new Set(fitting.map((sample) => sample.work))]
  const rows = works.map((work) => {
    const ofTool = (tool: string): Sample[] =>
      samples.filter((sample) => sample.work === work && sample.tool === tool)
    const spreads = new Map(tools.map((tool) => [tool, spreadOfSamples(ofTool(tool), measure)]))
    const cells = tools.map(
      (tool) => cell(spreads.get(tool), measure) + mark(ofTool(tool), measure),
    )
    const ratios = others.map((tool) => ratio(spreads.get(tool), spreads.get(baseline)))
    return [work, ...cells, ...ratios]
  })
  return {
    title: measure.title,
    header: ['', ...tools, ...others.map((tool) => `${tool} / ${baseline}`)],
    rows,
  }
}

function spreadOfSamples(samples: readonly Sample[], measure: Measure): Spread | undefined {
  return samples.length === 0 ? undefined : spreadOf(samples.map((sample) => measure.value(sample)))
}

/** The median, and the lowest and the highest where that says more. */
function cell(spread: Spread | undefined, { digits }: Measure): string {
  if (spread === undefined) return '–'
  const [median, lowest, highest] = [spread.median, spread.lowest, spread.highest].map((value) =>
    value.toFixed(digits),
  )
  return lowest === highest ? median : `${median} (${lowest}–${highest})`
}

function mark(samples: readonly Sample[], measure: Measure): string {
  if (measure.isTime !== true) return ''
  const isDisturbed = samples.some(({ cost }) => cost.otherCpuCores >= disturbedFromCores)
  // As wide as the mark, which keeps the figures of a column aligned.
  return isDisturbed ? ' *' : '  '
}

function ratio(own: Spread | undefined, baseline: Spread | undefined): string {
  if (own === undefined || baseline === undefined || baseline.median === 0) return '–'
  return (own.median / baseline.median).toFixed(2)
}
