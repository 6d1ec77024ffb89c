import { chartsOf } from './charts.ts'
import type { BenchResult } from './result.ts'
import { alignedTable, markdownTable, type Table } from './table.ts'
import { disturbedFromCores, tablesOf } from './tables.ts'
import { targetOutcomes } from './targets.ts'

/** The whole result for a terminal, in aligned columns. */
export function renderText(result: BenchResult): string {
  const sections = result.dataSets.flatMap((dataSet) => [
    `\n== ${dataSet.name}: ${dataSet.description}`,
    ...tablesOf(result, dataSet.name).map(alignedTable),
  ])
  return [
    ...sections,
    '\n== targets',
    alignedTable(targetTable(result)),
    '',
    ...remarks(result),
  ].join('\n')
}

/**
 * The whole result as Markdown, without a heading of its own.
 * @param imageFolder Where the charts lie, as seen from the Markdown file.
 */
export function renderMarkdown(result: BenchResult, imageFolder: string): string {
  return [
    ...provenance(result),
    '## Targets',
    '',
    markdownTable(targetTable(result)),
    ...result.dataSets.flatMap((dataSet) => dataSetSection(result, dataSet, imageFolder)),
    ...remarks(result).map((remark) => `${remark.replace(/^\*/, '\\*')}\n`),
  ].join('\n')
}

/** Wall times are in sight; the other tables open with a click. */
function dataSetSection(
  result: BenchResult,
  dataSet: BenchResult['dataSets'][number],
  imageFolder: string,
): string[] {
  const [wallTimes, ...others] = tablesOf(result, dataSet.name)
  const charts = chartsOf(result).filter((chart) => chart.dataSet === dataSet.name)
  return [
    `## ${dataSet.name}`,
    '',
    `${dataSet.description}. ${dataSet.rounds} round(s).`,
    '',
    ...charts.map((chart) => `![${chart.title}](${imageFolder}/${chart.fileName})\n`),
    markdownTable(wallTimes),
    '<details><summary>CPU time, memory, repository, bytes read and written</summary>',
    '',
    ...others.map(markdownTable),
    '</details>',
    '',
  ]
}

function targetTable(result: BenchResult): Table {
  return {
    title: 'Target',
    header: ['', 'wanted', 'measured', ''],
    rows: targetOutcomes(result).map(({ title, wanted, measured, verdict }) => [
      title,
      wanted,
      measured,
      verdict,
    ]),
  }
}

function provenance(result: BenchResult): string[] {
  const { machine } = result
  const gibibytes = Math.round(machine.memoryBytes / 2 ** 30)
  const caches = result.isCold ? 'caches dropped before each command' : 'warm caches'
  return [
    `Measured ${result.finishedAt.slice(0, 10)}, the tools taking turns, ${caches}.`,
    `Machine: ${machine.processor}, ${machine.coreCount} cores, ${gibibytes} GiB, ` +
      `${machine.system}, ${machine.fileSystem}, Node ${machine.node}.`,
    '',
    ...result.tools.map((tool) => `- **${tool.name}**: ${tool.description}`),
    '',
    'To repeat it:',
    '',
    '```sh',
    result.repeatCommand,
    '```',
    '',
  ]
}

function remarks(result: BenchResult): string[] {
  const spread = result.dataSets.some(({ rounds }) => rounds > 1)
    ? 'Median (lowest–highest) of the rounds; one figure where they agree. '
    : ''
  const restored =
    'Every restore was compared with its source, byte for byte and time for time. MB are 10^6 bytes.'
  const shrunk =
    result.scale < 1
      ? [`The data were made at a scale of ${result.scale}; the targets are meant for 1.`]
      : []
  const disturbed = result.samples.some(({ cost }) => cost.otherCpuCores >= disturbedFromCores)
    ? [
        `* In at least one round other processes kept ${disturbedFromCores} cores or more busy during ` +
          `this work: its wall time is disturbed, its CPU time hardly.`,
      ]
    : []
  const partial = result.isComplete
    ? []
    : ['INCOMPLETE: the run ended with an error; what was measured until then is shown.']
  return [`${spread}${restored}`, ...shrunk, ...disturbed, ...partial]
}
