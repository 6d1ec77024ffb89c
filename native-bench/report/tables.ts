import type { Sample } from '../harness/run-scenario.ts'
import { spreadOf, type Spread } from '../harness/statistics.ts'
import type { BenchResult } from './result.ts'

export interface Table {
  readonly title: string
  /** The first column is text, the others are figures. */
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

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
  /** Says for which works the figure means something; all of them when left out. */
  isFor?(work: string): boolean
}

const readOnlyWorks = new Set(['full restore', 'verify, all data'])
const changesRepository = (work: string): boolean => !readOnlyWorks.has(work)

const measures: readonly Measure[] = [
  { title: 'Wall time, s', digits: 2, isTime: true, value: ({ cost }) => cost.wallSeconds },
  { title: 'CPU time, s', digits: 2, value: ({ cost }) => cost.userSeconds + cost.systemSeconds },
  { title: 'of which in user mode, s', digits: 2, value: ({ cost }) => cost.userSeconds },
  { title: 'Peak memory, MB', digits: 0, value: ({ cost }) => cost.peakMemoryBytes / 1e6 },
  {
    title: 'Repository afterwards, MB',
    digits: 1,
    value: (sample) => sample.repository.byteCount / 1e6,
    isFor: changesRepository,
  },
  {
    title: 'Files in the repository',
    digits: 0,
    value: (sample) => sample.repository.fileCount,
    isFor: changesRepository,
  },
  {
    title: 'Local cache afterwards, MB',
    digits: 1,
    value: (sample) => sample.cache.byteCount / 1e6,
    isFor: changesRepository,
  },
  { title: 'Read through system calls, MB', digits: 0, value: ({ cost }) => cost.readBytes / 1e6 },
  {
    title: 'Written through system calls, MB',
    digits: 0,
    value: ({ cost }) => cost.writtenBytes / 1e6,
  },
]

/**
 * One table per measure: a row for each work, a column for each tool, and each tool's ratio to the
 * baseline, which is restic when it took part and the first tool otherwise.
 */
export function tablesOf(result: BenchResult, dataSet: string): Table[] {
  const samples = result.samples.filter((sample) => sample.dataSet === dataSet)
  const growth: Measure = {
    title: 'Added to the repository, MB',
    digits: 2,
    value: (sample) => (sample.repository.byteCount - bytesBefore(samples, sample)) / 1e6,
    isFor: changesRepository,
  }
  return [...measures.slice(0, 5), growth, ...measures.slice(5)].map((measure) =>
    tableOf(result, samples, measure),
  )
}

/** Repository bytes after the work before this one, 0 before the first. */
function bytesBefore(samples: readonly Sample[], sample: Sample): number {
  const own = samples.filter(({ tool, round }) => tool === sample.tool && round === sample.round)
  const index = own.indexOf(sample)
  return index === 0 ? 0 : own[index - 1].repository.byteCount
}

function tableOf(result: BenchResult, samples: readonly Sample[], measure: Measure): Table {
  const tools = result.tools.map((tool) => tool.name)
  const baseline = tools.includes('restic') ? 'restic' : tools[0]
  const others = tools.filter((tool) => tool !== baseline)
  const works = [...new Set(samples.map((sample) => sample.work))].filter(
    (work) => measure.isFor?.(work) ?? true,
  )
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
