/**
 * Measures Holdfast side by side with restic; `--help` lists the options, README.md explains the
 * method.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { appFolder } from './datasets/app-folder.ts'
import type { DataSet, PreparedDataSet } from './datasets/data-set.ts'
import { sourceTree } from './datasets/source-tree.ts'
import { benchFolder, lockBenchFolder } from './harness/bench-folder.ts'
import { BenchError } from './harness/bench-error.ts'
import { describeMachine } from './harness/machine.ts'
import { runScenario, type Sample } from './harness/run-scenario.ts'
import { readOptions, repeatCommand, usage, type BenchOptions } from './options.ts'
import { renderText, writeMarkdown } from './report/render.ts'
import type { BenchResult } from './report/result.ts'
import { borgTool } from './tools/borg.ts'
import { holdfastTool } from './tools/holdfast.ts'
import { resticTool } from './tools/restic.ts'
import type { Tool } from './tools/tool.ts'

const here: string = dirname(fileURLToPath(import.meta.url))
const dataSets: readonly DataSet[] = [sourceTree, appFolder]

function main(): void {
  const options = readOptions(process.argv.slice(2), join(here, '../dist/cli/main.js'))
  if (options === undefined) {
    console.log(usage)
    return
  }
  const folder = benchFolder()
  const unlock = lockBenchFolder(folder)
  try {
    bench(folder, options)
  } finally {
    unlock()
  }
}

function bench(folder: string, options: BenchOptions): void {
  const prepared = options.dataSets.map((name) => prepareDataSet(name, folder, options))
  if (options.isPrepareOnly) return
  const tools = options.tools.map((name) => openTool(name, folder, options))
  const startedAt = new Date()
  const samples: Sample[] = []
  // What was measured before a failure is worth keeping: a full run takes a while.
  const report = (isComplete: boolean): void =>
    writeReport(folder, options, {
      resultVersion: 1,
      startedAt: startedAt.toISOString(),
      finishedAt: new Date().toISOString(),
      repeatCommand: repeatCommand(options),
      rounds: options.rounds,
      isCold: options.isCold,
      isComplete,
      machine: describeMachine(folder),
      tools: tools.map(({ name, description }) => ({ name, description })),
      dataSets: prepared.map(({ name, description }) => ({ name, description })),
      samples,
    })
  try {
    runRounds(folder, { prepared, tools, options, samples })
  } catch (error) {
    report(false)
    throw error
  }
  report(true)
}

function runRounds(
  folder: string,
  given: {
    prepared: readonly PreparedDataSet[]
    tools: readonly Tool[]
    options: BenchOptions
    samples: Sample[]
  },
): void {
  for (let round = 1; round <= given.options.rounds; round += 1) {
    for (const dataSet of given.prepared) {
      runScenario(dataSet, given.tools, {
        workFolder: join(folder, 'work', dataSet.name),
        logFolder: join(folder, 'logs', dataSet.name),
        isCold: given.options.isCold,
        round,
        onSample: (sample) => {
          given.samples.push(sample)
          console.error(progressLine(sample, given.options.rounds))
        },
      })
    }
  }
}

function prepareDataSet(name: string, folder: string, options: BenchOptions): PreparedDataSet {
  const dataSet = dataSets.find((candidate) => candidate.name === name)
  if (dataSet === undefined) throw new BenchError(`There is no data set "${name}"`)
  console.error(`preparing ${name}, scale ${options.scale}`)
  return dataSet.prepare({ benchFolder: folder, scale: options.scale, seed: options.seed })
}

function openTool(name: string, folder: string, options: BenchOptions): Tool {
  if (name === 'restic') {
    const executable = join(folder, 'bin/restic')
    if (!existsSync(executable))
      execFileSync(join(here, 'install-peers.sh'), [folder], { stdio: ['ignore', 2, 2] })
    return resticTool(executable)
  }
  if (name === 'borg') {
    const executable = join(folder, 'bin/borg')
    if (existsSync(executable)) return borgTool(executable)
    throw new BenchError('Cannot find borg: run native-bench/install-peers.sh --borg as root first')
  }
  const mainPath = resolve(options.holdfastPath)
  if (!existsSync(mainPath))
    throw new BenchError(`Cannot find Holdfast at "${mainPath}": run npm run build first`)
  return holdfastTool({ mainPath, isEncrypted: name === 'holdfast' })
}

function progressLine(
  { dataSet, work, tool, round, cost, repository }: Sample,
  rounds: number,
): string {
  const cpuSeconds = cost.userSeconds + cost.systemSeconds
  return [
    `${round}/${rounds} ${dataSet}`.padEnd(16),
    work.padEnd(46),
    tool.padEnd(15),
    `${cost.wallSeconds.toFixed(2)} s`.padStart(9),
    `${cpuSeconds.toFixed(2)} s CPU`.padStart(13),
    `${(cost.peakMemoryBytes / 1e6).toFixed(0)} MB`.padStart(8),
    `repository ${(repository.byteCount / 1e6).toFixed(1)} MB in ${repository.fileCount} files`,
  ].join(' ')
}

function writeReport(folder: string, options: BenchOptions, result: BenchResult): void {
  const fileName = `${result.startedAt.replaceAll(/[:.]/g, '-')}.json`
  const jsonPath = resolve(options.jsonPath ?? join(folder, 'results', fileName))
  mkdirSync(dirname(jsonPath), { recursive: true })
  writeFileSync(jsonPath, `${JSON.stringify(result, null, 2)}\n`)
  console.log(renderText(result))
  console.log(`\nAll measurements: ${jsonPath}`)
  if (options.markdownPath !== undefined && result.isComplete)
    writeMarkdown(options.markdownPath, result)
}

try {
  main()
} catch (error) {
  if (!(error instanceof BenchError)) throw error
  console.error(`bench: ${error.message}`)
  process.exitCode = 1
}
