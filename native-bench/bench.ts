/**
 * Measures Holdfast side by side with other tools; `--help` lists the options, README.md explains
 * the method.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { PreparedDataSet } from './datasets/data-set.ts'
import { dataSets } from './datasets/data-sets.ts'
import { benchFolder, lockBenchFolder } from './harness/bench-folder.ts'
import { BenchError } from './harness/bench-error.ts'
import { describeMachine } from './harness/machine.ts'
import { runScenario } from './harness/run-scenario.ts'
import type { Sample } from './harness/sample.ts'
import { openTool } from './open-tool.ts'
import { readOptions, repeatCommand, usage, type BenchOptions } from './options.ts'
import { renderText } from './report/render.ts'
import type { BenchResult } from './report/result.ts'
import { writeMarkdown } from './report/write-markdown.ts'
import type { Tool } from './tools/tool.ts'

const here: string = dirname(fileURLToPath(import.meta.url))

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
  const { holdfastPath } = options
  const tools = options.tools.map((name) => openTool(name, { benchFolder: folder, holdfastPath }))
  const startedAt = new Date()
  const samples: Sample[] = []
  // What was measured before a failure is worth keeping: a full run takes a while.
  const report = (isComplete: boolean): void =>
    writeReport(folder, options, {
      resultVersion: 2,
      startedAt: startedAt.toISOString(),
      finishedAt: new Date().toISOString(),
      repeatCommand: repeatCommand(options),
      scale: options.scale,
      isCold: options.isCold,
      isComplete,
      machine: describeMachine(folder),
      tools: tools.map(({ name, description }) => ({ name, description })),
      dataSets: prepared.map(({ name, description, rounds }) => ({ name, description, rounds })),
      samples,
    })
  try {
    runRounds(folder, { prepared, tools, isCold: options.isCold, samples })
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
    isCold: boolean
    samples: Sample[]
  },
): void {
  const lastRound = Math.max(...given.prepared.map(({ rounds }) => rounds))
  for (let round = 1; round <= lastRound; round += 1) {
    for (const dataSet of given.prepared.filter(({ rounds }) => round <= rounds)) {
      runScenario(dataSet, given.tools, {
        workFolder: join(folder, 'work', dataSet.name),
        logFolder: join(folder, 'logs', dataSet.name),
        isCold: given.isCold,
        round,
        onSample: (sample) => {
          given.samples.push(sample)
          console.error(progressLine(sample, dataSet.rounds))
        },
      })
    }
  }
}

function prepareDataSet(name: string, folder: string, options: BenchOptions): PreparedDataSet {
  const dataSet = dataSets.find((candidate) => candidate.name === name)
  if (dataSet === undefined) throw new BenchError(`There is no data set "${name}"`)
  console.error(`preparing ${name}, scale ${options.scale}`)
  const { scale, seed } = options
  const prepared = dataSet.prepare({ benchFolder: folder, scale, seed })
  return { ...prepared, rounds: options.rounds ?? prepared.rounds }
}

function progressLine(
  { dataSet, work, tool, round, cost, repository }: Sample,
  rounds: number,
): string {
  const cpuSeconds = cost.userSeconds + cost.systemSeconds
  return [
    `${round}/${rounds} ${dataSet}`.padEnd(21),
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
