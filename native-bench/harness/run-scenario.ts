import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'

import type { PreparedDataSet } from '../datasets/data-set.ts'
import { copyFolder, removeWithoutTrace, spreadFolders } from '../datasets/live-folder.ts'
import { fullRestore, type BackupSeriesRow, type Row } from '../datasets/row.ts'
import type { Tool } from '../tools/tool.ts'
import { enter, inTurn, type Contender } from './contender.ts'
import { diskUsage } from './disk-usage.ts'
import { addCosts, measureCommand, runCommand, type CommandCost } from './measure-command.ts'
import { planWork, type PlanOptions, type Work } from './plan-work.ts'
import type { Sample } from './sample.ts'

export interface ScenarioOptions {
  /** Emptied before and after the round. */
  readonly workFolder: string
  /** Keeps each command's output. */
  readonly logFolder: string
  readonly isCold: boolean
  readonly round: number
  /** Called after every measurement. */
  onSample(sample: Sample): void
}

interface Round extends PlanOptions {
  readonly dataSet: PreparedDataSet
  readonly options: ScenarioOptions
  readonly liveFolder: string
  readonly contenders: readonly Contender[]
}

/**
 * One round on one data set: every tool does each row's work in turn, on the same state of the same
 * folder, before the next row starts. So a drift of the machine hits all of them alike.
 *
 * Every restore is compared with the source. When the last row of round 1 freed space, the latest
 * snapshot is restored once more, unmeasured, to prove that nothing was freed that is still needed.
 * @throws {BenchError} When a command fails or a restored tree differs.
 */
export function runScenario(
  dataSet: PreparedDataSet,
  tools: readonly Tool[],
  options: ScenarioOptions,
): void {
  const round = startRound(dataSet, tools, options)
  for (const row of dataSet.rows) {
    if (row.kind === 'backup-series') runSeries(round, row)
    else runRow(round, row)
  }
  const isPruned = dataSet.rows.at(-1)?.kind === 'delete-and-prune'
  if (options.round === 1 && isPruned)
    round.contenders.forEach((one) => restoreOnceMore(round, one))
  removeWithoutTrace(options.workFolder)
}

function startRound(
  dataSet: PreparedDataSet,
  tools: readonly Tool[],
  options: ScenarioOptions,
): Round {
  removeWithoutTrace(options.workFolder)
  mkdirSync(options.workFolder, { recursive: true })
  mkdirSync(options.logFolder, { recursive: true })
  spreadFolders(options.workFolder)
  // ext4 chooses a new folder's place by its name, so only names that are new lead to new places.
  const roundFolder = mkdtempSync(join(options.workFolder, 'round-'))
  spreadFolders(roundFolder)
  const { pristineFolder, isSparse = false } = dataSet
  const liveFolder = liveFolderOf(dataSet, roundFolder)
  const contenders = inTurn(tools, options.round).map((tool) =>
    enter(tool, liveFolder, roundFolder),
  )
  return { dataSet, options, roundFolder, pristineFolder, isSparse, liveFolder, contenders }
}

/** The pristine folder itself when no row changes anything: a million files are not copied idly. */
function liveFolderOf({ pristineFolder, rows }: PreparedDataSet, roundFolder: string): string {
  if (!rows.some((row) => 'apply' in row)) return pristineFolder
  const liveFolder = mkdtempSync(join(roundFolder, 'live-'))
  copyFolder(pristineFolder, liveFolder)
  return liveFolder
}

function runRow(round: Round, row: Exclude<Row, BackupSeriesRow>): void {
  if (row.kind === 'backup') row.apply?.(round.liveFolder)
  for (const contender of round.contenders) {
    const work = planWork(contender, row, round)
    if (work.commands.length === 0) continue
    const cost = measureWork(round, contender, { ...work, title: row.title, kind: row.kind })
    round.options.onSample(sampleOf(round, contender, { row, cost }))
  }
}

/** The tools take turns within each generation, too. */
function runSeries(round: Round, row: BackupSeriesRow): void {
  const runs = round.contenders.map((contender) => {
    const growth = [{ generation: 1, byteCount: diskUsage(contender.site.repository).byteCount }]
    return { contender, costs: [] as CommandCost[], growth }
  })
  for (let generation = 2; generation <= row.lastGeneration; generation += 1) {
    row.apply(round.liveFolder, generation)
    for (const { contender, costs, growth } of runs) {
      const title = `${row.title} ${generation}`
      const commands = contender.tool.backup(contender.site)
      costs.push(measureWork(round, contender, { title, commands, kind: row.kind }))
      growth.push({ generation, byteCount: diskUsage(contender.site.repository).byteCount })
    }
  }
  for (const { contender, costs, growth } of runs) {
    const cost = addCosts(costs)
    round.options.onSample({ ...sampleOf(round, contender, { row, cost }), growth })
  }
}

function measureWork(
  { options: { round, isCold, logFolder } }: Round,
  { tool, site }: Contender,
  work: Work & Pick<Row, 'title' | 'kind'>,
): CommandCost {
  const fileName = `${round}-${work.title.replaceAll(/[^a-z0-9]+/g, '-')}-${tool.name}`
  // Whoever makes a copy in the place of a restore reads the source, too.
  const isSourceRead = work.kind.startsWith('backup') || work.kind === 'restore'
  const warmFolders = [site.repository, site.cache, ...(isSourceRead ? [site.source] : [])]
  const costs = work.commands.map((command, index) => {
    const reportPath = join(logFolder, `${fileName}-${index}`)
    return measureCommand(command, { isCold, warmFolders, reportPath })
  })
  work.check?.()
  return addCosts(costs)
}

function sampleOf(
  { dataSet, options }: Round,
  { tool, site }: Contender,
  { row, cost }: { row: Row; cost: CommandCost },
): Sample {
  return {
    dataSet: dataSet.name,
    work: row.title,
    tool: tool.name,
    round: options.round,
    cost,
    isWriting: row.kind.startsWith('backup') || row.kind === 'delete-and-prune',
    repository: diskUsage(site.repository),
    cache: diskUsage(site.cache),
  }
}

function restoreOnceMore(round: Round, contender: Contender): void {
  if (contender.tool.deleteAndPrune === undefined) return
  const work = planWork(contender, fullRestore, round)
  for (const command of work.commands) runCommand(command)
  work.check?.()
}
