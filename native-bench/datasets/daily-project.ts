import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { listFiles } from './live-folder.ts'
import { appendLogLines } from './log-lines.ts'
import type { SeededRandom } from './seeded-random.ts'
import { sourceLines } from './source-lines.ts'
import { someWords } from './words.ts'

export interface ProjectSizes {
  readonly sourceFileCount: number
  readonly recordFileCount: number
  /** Of each log file. */
  readonly logBytes: number
}

const modulesMax = 60
const logFileCount = 10
/** Older ones are removed as logs are rotated. */
const logFilesKept = 20

/** Shares of the source files that a day touches. */
const day = { edited: 0.02, added: 0.005, removed: 0.003, renamed: 0.003, rewritten: 0.01 } as const

export function projectSizes(scale: number): ProjectSizes {
  const scaled = (count: number): number => Math.max(10, Math.round(count * scale))
  return {
    sourceFileCount: scaled(4500),
    recordFileCount: scaled(1500),
    logBytes: Math.round(5e6 * scale),
  }
}

/** Writes the project as it is on its first day. */
export function makeProject(folder: string, random: SeededRandom, sizes: ProjectSizes): void {
  for (let index = 0; index < sizes.sourceFileCount; index += 1)
    write(join(folder, newSourcePath(random, index)), newSource(random))
  for (let index = 0; index < sizes.recordFileCount; index += 1)
    write(join(folder, recordPath(index)), records(random))
  mkdirSync(join(folder, 'logs'))
  for (let index = 0; index < logFileCount; index += 1)
    appendLogLines(logPath(folder, index - logFileCount + 1), random, sizes.logBytes)
}

/** Turns the project of the day before into that of this one. */
export function changeProject(
  folder: string,
  random: SeededRandom,
  { sizes, generation }: { sizes: ProjectSizes; generation: number },
): void {
  const paths = listFiles(join(folder, 'src')).map((path) => join('src', path))
  const some = (share: number): number => Math.max(1, Math.round(paths.length * share))
  const take = (): string => paths.splice(random.below(paths.length), 1)[0]
  for (let left = some(day.edited); left > 0; left -= 1) editSource(join(folder, take()), random)
  for (let left = some(day.removed); left > 0; left -= 1) rmSync(join(folder, take()))
  for (let left = some(day.renamed); left > 0; left -= 1) {
    const path = take()
    renameSync(join(folder, path), join(folder, dirname(path), `renamed-${generation}-${left}.ts`))
  }
  for (let left = some(day.added); left > 0; left -= 1) {
    const index = generation * 1_000_000 + left
    write(join(folder, newSourcePath(random, index)), newSource(random))
  }
  for (let left = Math.ceil(sizes.recordFileCount * day.rewritten); left > 0; left -= 1)
    write(join(folder, recordPath(random.below(sizes.recordFileCount))), records(random))
  changeLogs(folder, random, { sizes, generation })
}

/** The log of the day before is finished, a new one begun, the oldest removed. */
function changeLogs(
  folder: string,
  random: SeededRandom,
  { sizes, generation }: { sizes: ProjectSizes; generation: number },
): void {
  appendLogLines(logPath(folder, generation - 1), random, sizes.logBytes / 10)
  appendLogLines(logPath(folder, generation), random, sizes.logBytes / 5)
  rmSync(logPath(folder, generation - logFilesKept), { force: true })
}

/** Lines are inserted, replaced and removed in up to four places. */
function editSource(path: string, random: SeededRandom): void {
  const lines = readFileSync(path, 'utf8').split('\n')
  for (let left = 1 + random.below(4); left > 0; left -= 1) {
    const removedCount = random.below(4)
    const inserted = sourceLines(random, 1 + random.below(6))
    lines.splice(random.below(lines.length), removedCount, ...inserted)
  }
  writeFileSync(path, lines.join('\n'))
}

function newSource(random: SeededRandom): string {
  // One file in ten is long.
  const lineCount = random.below(10) === 0 ? 1000 + random.below(1500) : 50 + random.below(400)
  return `${sourceLines(random, lineCount).join('\n')}\n`
}

function newSourcePath(random: SeededRandom, index: number): string {
  const module = someWords(random, 1)
  return `src/module-${random.below(modulesMax)}/${module}/file-${index}.ts`
}

function recordPath(index: number): string {
  return `data/part-${index % 20}/records-${index}.json`
}

function records(random: SeededRandom): string {
  const list = Array.from({ length: 20 + random.below(160) }, () => ({
    id: random.hex(12),
    name: someWords(random, 2),
    amount: random.below(1_000_000) / 100,
    note: someWords(random, 6 + random.below(12)),
  }))
  return `${JSON.stringify(list, null, 1)}\n`
}

function logPath(folder: string, generation: number): string {
  // The logs of the time before the first day come first in the order of names, too.
  return join(folder, `logs/service-${String(generation + 100).padStart(4, '0')}.jsonl`)
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
