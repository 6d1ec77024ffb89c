import { existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { compareTrees } from '../compare-trees.ts'
import type { PreparedDataSet } from '../datasets/data-set.ts'
import { copyFolder, removeWithoutTrace, spreadFolders } from '../datasets/live-folder.ts'
import type { Tool, ToolSite } from '../tools/tool.ts'
import { BenchError } from './bench-error.ts'
import { diskUsage, type DiskUsage } from './disk-usage.ts'
import {
  addCosts,
  measureCommand,
  runCommand,
  type Command,
  type CommandCost,
} from './measure-command.ts'

/** One measurement: what a tool needed for a piece of work and what it left on disk. */
export interface Sample {
  readonly dataSet: string
  readonly work: string
  readonly tool: string
  /** From 1 on. */
  readonly round: number
  readonly cost: CommandCost
  /** After the work. */
  readonly repository: DiskUsage
  /** The local cache or catalogue outside the repository, after the work. */
  readonly cache: DiskUsage
}

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

interface Contender {
  readonly tool: Tool
  readonly site: ToolSite
}

/**
 * One row of the tables: what each tool has to do, and what is checked afterwards, outside the
 * measurement.
 */
interface Work {
  readonly title: string
  commands(tool: Tool, site: ToolSite): readonly Command[]
  check?(contender: Contender): void
}

/**
 * One round on one data set: every tool does each work in turn, on the same state of the same
 * folder, before the next work starts. So a drift of the machine hits all of them alike.
 *
 * Every restore is compared with the source. After the prune of round 1 the latest snapshot is
 * restored once more, unmeasured, to prove that nothing was freed that is still needed.
 * @throws {BenchError} When a command fails or a restored tree differs.
 */
export function runScenario(
  dataSet: PreparedDataSet,
  tools: readonly Tool[],
  options: ScenarioOptions,
): void {
  removeWithoutTrace(options.workFolder)
  mkdirSync(options.workFolder, { recursive: true })
  mkdirSync(options.logFolder, { recursive: true })
  spreadFolders(options.workFolder)
  // ext4 chooses a new folder's place by its name, so only names that are new lead to new places.
  const roundFolder = mkdtempSync(join(options.workFolder, 'round-'))
  spreadFolders(roundFolder)
  const liveFolder = mkdtempSync(join(roundFolder, 'live-'))
  copyFolder(dataSet.pristineFolder, liveFolder)
  const contenders = inTurn(tools, options.round).map((tool) =>
    enter(tool, liveFolder, roundFolder),
  )
  const everyone = (work: Work): void => {
    for (const contender of contenders) {
      options.onSample({ dataSet: dataSet.name, ...measureWork(contender, work, options) })
    }
  }
  for (const step of dataSet.steps) {
    step.apply(liveFolder)
    everyone({ title: step.work, commands: (tool, site) => tool.backup(site) })
  }
  everyone({
    title: 'full restore',
    commands: (tool, site) => tool.restore(site),
    check: proveRestored,
  })
  everyone({ title: 'verify, all data', commands: (tool, site) => tool.verify(site) })
  everyone({ title: 'delete + prune', commands: (tool, site) => tool.deleteAndPrune(site) })
  if (options.round === 1) contenders.forEach(restoreOnceMore)
  removeWithoutTrace(options.workFolder)
}

/** A B, then B A: whoever comes second finds warmer caches, so each tool comes second in turn. */
function inTurn(tools: readonly Tool[], round: number): readonly Tool[] {
  const shift = (round - 1) % tools.length
  return [...tools.slice(shift), ...tools.slice(0, shift)]
}

function enter(tool: Tool, source: string, roundFolder: string): Contender {
  const folder = join(roundFolder, tool.name)
  const [repository, cache, home] = ['repository', 'cache', 'home'].map((name) =>
    join(folder, name),
  )
  const restoreTarget = newRestoreTarget(roundFolder)
  const site: ToolSite = { repository, cache, home, source, restoreTarget }
  for (const path of [site.cache, site.home]) mkdirSync(path, { recursive: true, mode: 0o700 })
  for (const command of tool.create(site)) runCommand(command)
  return { tool, site }
}

function newRestoreTarget(roundFolder: string): string {
  return mkdtempSync(join(roundFolder, 'restored-'))
}

function measureWork(
  contender: Contender,
  work: Work,
  { round, isCold, logFolder }: ScenarioOptions,
): Omit<Sample, 'dataSet'> {
  const { tool, site } = contender
  const fileName = `${round}-${work.title.replaceAll(/[^a-z0-9]+/g, '-')}-${tool.name}`
  const warmFolders = [site.source, site.repository, site.cache]
  const costs = work.commands(tool, site).map((command, index) => {
    const reportPath = join(logFolder, `${fileName}-${index}`)
    return measureCommand(command, { isCold, warmFolders, reportPath })
  })
  work.check?.(contender)
  const [repository, cache] = [diskUsage(site.repository), diskUsage(site.cache)]
  return { work: work.title, tool: tool.name, round, cost: addCosts(costs), repository, cache }
}

function restoreOnceMore({ tool, site }: Contender): void {
  const again = { ...site, restoreTarget: newRestoreTarget(dirname(site.source)) }
  for (const command of tool.restore(again)) runCommand(command)
  proveRestored({ tool, site: again })
}

function proveRestored({ tool, site }: Contender): void {
  const restoredFolder = tool.restoredFolders(site).find((folder) => existsSync(folder))
  if (restoredFolder === undefined)
    throw new BenchError(`${tool.name} restored nothing into "${site.restoreTarget}"`)
  const comparison = compareTrees(site.source, restoredFolder)
  if (comparison.entryCount === 0)
    throw new BenchError(`Nothing to compare in "${site.source}": it is empty`)
  if (comparison.differenceCount > 0) {
    const shown = comparison.differences.join('\n')
    throw new BenchError(
      `${tool.name} restored ${comparison.differenceCount} differences:\n${shown}`,
    )
  }
}
