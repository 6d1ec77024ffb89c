import { existsSync, readFileSync, writeFileSync } from 'node:fs'

import type { BenchResult } from './result.ts'
import { disturbedFromCores, tablesOf, type Table } from './tables.ts'

const startMark = '<!-- bench: start, written by native-bench/bench.ts -->'
const endMark = '<!-- bench: end -->'

/** The whole result for a terminal, in aligned columns. */
export function renderText(result: BenchResult): string {
  const sections = result.dataSets.flatMap((dataSet) => [
    `\n== ${dataSet.name}: ${dataSet.description}`,
    ...tablesOf(result, dataSet.name).map(alignedTable),
  ])
  return [...sections, '', ...remarks(result)].join('\n')
}

/** The whole result as Markdown, without a heading of its own. */
export function renderMarkdown(result: BenchResult): string {
  const sections = result.dataSets.flatMap((dataSet) => [
    `## ${dataSet.name}`,
    '',
    `${dataSet.description}.`,
    '',
    ...tablesOf(result, dataSet.name).map(markdownTable),
  ])
  return [
    ...provenance(result),
    ...sections,
    ...remarks(result).map((remark) => `${remark.replace(/^\*/, '\\*')}\n`),
  ].join('\n')
}

/**
 * Puts the Markdown between the bench marks of a file and leaves the rest of it alone.
 *
 * A file without the marks gets them at its end; a missing file is made.
 */
export function writeMarkdown(path: string, result: BenchResult): void {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '# Benchmarks\n'
  const section = `${startMark}\n\n${renderMarkdown(result)}\n${endMark}`
  const start = before.indexOf(startMark)
  const end = before.indexOf(endMark)
  const after =
    start >= 0 && end > start
      ? before.slice(0, start) + section + before.slice(end + endMark.length)
      : `${before.trimEnd()}\n\n${section}\n`
  writeFileSync(path, after)
}

function provenance(result: BenchResult): string[] {
  const { machine } = result
  const gibibytes = Math.round(machine.memoryBytes / 2 ** 30)
  const caches = result.isCold ? 'caches dropped before each command' : 'warm caches'
  return [
    `Measured ${result.finishedAt.slice(0, 10)}, ${result.rounds} round(s), the tools taking turns, ` +
      `${caches}.`,
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
  const spread =
    result.rounds > 1 ? 'Median (lowest–highest) of the rounds; one figure where they agree. ' : ''
  const restored =
    'Every restore was compared with its source, byte for byte and time for time. MB are 10^6 bytes.'
  const disturbed = result.samples.some(({ cost }) => cost.otherCpuCores >= disturbedFromCores)
    ? [
        `* In at least one round other processes kept ${disturbedFromCores} cores or more busy during ` +
          `this work: its wall time is disturbed, its CPU time hardly.`,
      ]
    : []
  const partial = result.isComplete
    ? []
    : ['INCOMPLETE: the run ended with an error; what was measured until then is shown.']
  return [`${spread}${restored}`, ...disturbed, ...partial]
}

function alignedTable(table: Table): string {
  const lines = [[table.title, ...table.header.slice(1)], ...table.rows]
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  const aligned = lines.map((line) =>
    line
      .map((text, column) =>
        column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]),
      )
      .join('   '),
  )
  return `\n${aligned.join('\n')}`
}

function markdownTable(table: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const header = line([`**${table.title}**`, ...table.header.slice(1)])
  const ruler = line(['---', ...table.header.slice(1).map(() => '--:')])
  const rows = table.rows.map((cells) =>
    line(cells.map((text) => text.trimEnd().replace(' *', ' \\*'))),
  )
  return `${[header, ruler, ...rows].join('\n')}\n`
}
