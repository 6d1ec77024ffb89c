import { titles } from '../datasets/row.ts'
import type { Sample } from '../harness/sample.ts'
import { addedBytes, medianOf, samplesOf, worksOf } from './medians.ts'
import type { BenchResult } from './result.ts'

/** One target of the project beside what was measured. */
export interface TargetOutcome {
  readonly title: string
  readonly wanted: string
  readonly measured: string
  readonly verdict: 'met' | 'missed' | 'not measured'
}

interface RatioTarget {
  readonly title: string
  readonly dataSet: string
  readonly work: string
  /** Of restic's figure. */
  readonly ratioMax: number
  figure(sample: Sample, samples: readonly Sample[]): number
}

/** Works in which a bound holds everywhere. */
interface WorstCell {
  readonly place: string
  readonly value: number
}

const own = 'holdfast'
const oneFileSecondsMax = 0.3
const peakMemoryMegabytesMax = 300

const wall = ({ cost }: Sample): number => cost.wallSeconds
const cpu = ({ cost }: Sample): number => cost.userSeconds + cost.systemSeconds
const stored = ({ repository }: Sample): number => repository.byteCount
const added = (sample: Sample, samples: readonly Sample[]): number => addedBytes(samples, sample)

const ratioTargets: readonly RatioTarget[] = (
  [
    ['time, first backup', 'source-tree', titles.firstBackup, 0.4, wall],
    ['time, first backup', 'app-folder', titles.firstBackup, 0.5, wall],
    ['time, first backup', 'compressed-files', titles.firstBackup, 0.5, wall],
    ['time, nothing changed', 'source-tree', titles.nothingChanged, 0.3, wall],
    ['time, nothing changed', 'million-files', titles.nothingChanged, 0.3, wall],
    ['time, everything touched', 'source-tree', titles.everythingTouched, 0.33, wall],
    ['time, full restore', 'source-tree', titles.fullRestore, 0.5, wall],
    ['time, full restore', 'app-folder', titles.fullRestore, 0.5, wall],
    ['time, one file restored', 'million-files', titles.oneFileRestored, 0.3, wall],
    ['time, verify, all data', 'source-tree', titles.verify, 0.35, wall],
    ['time, verify, all data', 'app-folder', titles.verify, 0.35, wall],
    ['time, half of the generations pruned', 'generations', titles.halfPruned, 0.3, wall],
    ['repository after the first backup', 'source-tree', titles.firstBackup, 0.85, stored],
    ['repository after the first backup', 'app-folder', titles.firstBackup, 0.85, stored],
    ['repository after increments', 'source-tree', titles.nextVersion, 0.75, stored],
    ['repository after increments', 'app-folder', titles.appendedAndTouched, 0.75, stored],
    ['bytes added by 40 inserts', 'app-folder', titles.vectorsInserted, 0.2, added],
    ['CPU time, first backup', 'source-tree', titles.firstBackup, 0.5, cpu],
    ['CPU time, first backup', 'app-folder', titles.firstBackup, 0.5, cpu],
    ['CPU time, first backup', 'compressed-files', titles.firstBackup, 0.5, cpu],
  ] as const
).map(([title, dataSet, work, ratioMax, figure]) => ({ title, dataSet, work, ratioMax, figure }))

/** Every target of the project, with the medians of the rounds; memory with the highest round. */
export function targetOutcomes(result: BenchResult): TargetOutcome[] {
  return [
    ...ratioTargets.map((target) => ratioOutcome(result, target)),
    oneFileOutcome(result),
    memoryOutcome(result),
    borgOutcome(result),
  ]
}

function ratioOutcome(result: BenchResult, target: RatioTarget): TargetOutcome {
  const { title, dataSet, work, ratioMax } = target
  const figure = (sample: Sample): number => target.figure(sample, result.samples)
  const [mine, baseline] = [own, 'restic'].map((tool) =>
    medianOf(result, { dataSet, work, tool }, figure),
  )
  const ratio = mine === undefined || !baseline ? undefined : mine / baseline
  return {
    title: `${title}: ${dataSet}`,
    wanted: `≤ ${ratioMax} × restic`,
    ...judged(ratio, atMost(ratioMax), (value) => `${value.toFixed(2)} ×`),
  }
}

function oneFileOutcome(result: BenchResult): TargetOutcome {
  const cell = { dataSet: 'million-files', work: titles.oneFileRestored, tool: own }
  return {
    title: 'time, one file restored: million-files',
    wanted: `≤ ${oneFileSecondsMax} s`,
    ...judged(
      medianOf(result, cell, wall),
      atMost(oneFileSecondsMax),
      (value) => `${value.toFixed(2)} s`,
    ),
  }
}

function memoryOutcome(result: BenchResult): TargetOutcome {
  const cells = ownCells(result).map(({ dataSet, work }): WorstCell => {
    const samples = samplesOf(result, { dataSet, work, tool: own })
    const peaks = samples.map(({ cost }) => cost.peakMemoryBytes / 1e6)
    return { place: `${dataSet}, ${work}`, value: Math.max(...peaks) }
  })
  return {
    title: 'peak memory, every row',
    wanted: `≤ ${peakMemoryMegabytesMax} MB`,
    ...judgedWorst(cells, atMost(peakMemoryMegabytesMax), (value) => `${value.toFixed(0)} MB`),
  }
}

function borgOutcome(result: BenchResult): TargetOutcome {
  const cells = ownCells(result).flatMap(({ dataSet, work }): WorstCell[] => {
    const [mine, theirs] = [own, 'borg'].map((tool) =>
      medianOf(result, { dataSet, work, tool }, wall),
    )
    if (mine === undefined || !theirs) return []
    return [{ place: `${dataSet}, ${work}`, value: mine / theirs }]
  })
  return {
    title: 'time, ahead of borg 1.4 in every row',
    wanted: '< 1 × borg',
    ...judgedWorst(cells, below(1), (value) => `${value.toFixed(2)} ×`),
  }
}

function ownCells(result: BenchResult): { dataSet: string; work: string }[] {
  return result.dataSets.flatMap(({ name: dataSet }) =>
    worksOf(result, dataSet)
      .filter((work) => samplesOf(result, { dataSet, work, tool: own }).length > 0)
      .map((work) => ({ dataSet, work })),
  )
}

/** The worst of all rows decides; how many of them miss is said, too. */
function judgedWorst(
  cells: readonly WorstCell[],
  isMet: (value: number) => boolean,
  shown: (value: number) => string,
): Pick<TargetOutcome, 'measured' | 'verdict'> {
  const worst = cells.toSorted((left, right) => right.value - left.value).at(0)
  const missedCount = cells.filter(({ value }) => !isMet(value)).length
  const missed = missedCount > 0 ? `; ${missedCount} of ${cells.length} rows miss` : ''
  return judged(worst?.value, isMet, (value) => `${shown(value)} (${worst?.place})${missed}`)
}

function judged(
  value: number | undefined,
  isMet: (value: number) => boolean,
  shown: (value: number) => string,
): Pick<TargetOutcome, 'measured' | 'verdict'> {
  if (value === undefined) return { measured: '–', verdict: 'not measured' }
  return { measured: shown(value), verdict: isMet(value) ? 'met' : 'missed' }
}

const atMost =
  (highest: number) =>
  (value: number): boolean =>
    value <= highest
const below =
  (limit: number) =>
  (value: number): boolean =>
    value < limit
