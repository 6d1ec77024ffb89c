import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { chartsOf } from './charts.ts'
import { renderMarkdown } from './render.ts'
import type { BenchResult } from './result.ts'

const startMark = '<!-- bench: start, written by native-bench/bench.ts -->'
const endMark = '<!-- bench: end -->'
const imageFolder = 'images/bench'

/**
 * Puts the Markdown between the bench marks of a file and leaves the rest of it alone; the charts go
 * into a folder beside it that holds nothing else.
 *
 * A file without the marks gets them at its end; a missing file is made.
 */
export function writeMarkdown(path: string, result: BenchResult): void {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '# Benchmarks\n'
  const section = `${startMark}\n\n${renderMarkdown(result, imageFolder)}\n${endMark}`
  const start = before.indexOf(startMark)
  const end = before.indexOf(endMark)
  const after =
    start >= 0 && end > start
      ? before.slice(0, start) + section + before.slice(end + endMark.length)
      : `${before.trimEnd()}\n\n${section}\n`
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, after)
  writeCharts(join(dirname(path), imageFolder), result)
}

function writeCharts(folder: string, result: BenchResult): void {
  mkdirSync(folder, { recursive: true })
  // Those of another run would show what the tables do not.
  for (const name of readdirSync(folder)) if (name.endsWith('.svg')) rmSync(join(folder, name))
  for (const chart of chartsOf(result)) writeFileSync(join(folder, chart.fileName), chart.svg)
}
