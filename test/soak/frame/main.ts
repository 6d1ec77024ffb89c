/** The command line of the soaks: `npm run soak -- NAME [options]`; without a name it lists them. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { describeMachine, type Machine } from '../../../native-bench/harness/machine.ts'
import { fastFolder } from '../../support/fast-folder.ts'
import { runSoak, type SoakReport, type SoakSettings } from './run-soak.ts'
import type { Soak } from './soak.ts'

const folder = join(import.meta.dirname, '..')
const suffix = '.soak.ts'
const root = join(folder, '../..')

const commonOptions = {
  count: { type: 'string' },
  seed: { type: 'string' },
  seconds: { type: 'string' },
  folder: { type: 'string' },
  json: { type: 'boolean' },
  keep: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

const commonHelp = `  --count N        how many; --seconds may end it before
  --seconds N      begin nothing new after this time
  --seed N         the random numbers of an earlier run
  --folder DIR     where its folder is made (default: memory, where there is enough)
  --keep           keep that folder
  --json           one JSON object at the end instead of the summary`

function write(text: string): void {
  process.stdout.write(`${text}\n`)
}

function names(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(suffix))
    .map((name) => name.slice(0, -suffix.length))
    .sort()
}

async function load(name: string): Promise<Soak> {
  const module = (await import(pathToFileURL(join(folder, name + suffix)).href)) as { soak: Soak }
  return module.soak
}

async function list(): Promise<void> {
  write('npm run soak -- NAME [options]\n')
  for (const name of names()) {
    const { proves, takes, countDefault, unit, options = {} } = await load(name)
    write(
      `${name}: ${countDefault.toLocaleString('en')} ${unit}, ${takes}\n  ${proves.replaceAll('\n', '\n  ')}`,
    )
    for (const [key, option] of Object.entries(options)) {
      write(`    --${key} (${option.default}): ${option.description}`)
    }
    write('')
  }
  write(`Every soak takes:\n${commonHelp}`)
}

async function run(name: string, args: string[]): Promise<number> {
  const soak = await load(name)
  const own = Object.fromEntries(
    Object.keys(soak.options ?? {}).map((key) => [key, { type: 'string' } as const]),
  )
  const { values } = parseArgs({ args, options: { ...commonOptions, ...own }, strict: true })
  const given: Record<string, string> = {}
  for (const key of Object.keys(own)) {
    const value: unknown = (values as Record<string, unknown>)[key]
    if (typeof value === 'string') given[key] = value
  }
  const parent = values.folder ?? fastFolder
  const isJson = values.json === true
  const controller = new AbortController()
  process.once('SIGINT', () => controller.abort())
  const settings: SoakSettings = {
    parent,
    options: given,
    signal: controller.signal,
    isKept: values.keep === true,
    ...(values.count !== undefined && { count: number(values.count, '--count') }),
    ...(values.seed !== undefined && { seed: number(values.seed, '--seed') }),
    ...(values.seconds !== undefined && { seconds: number(values.seconds, '--seconds') }),
    ...(!isJson && { onProgress: progressLine(soak.unit) }),
    onViolation: (message) => process.stderr.write(`VIOLATION: ${message}\n`),
  }
  // Before: what runs is what there was at the beginning.
  const version = commit()
  const report = await runSoak(name, soak, settings)
  const machine = describeMachine(parent)
  if (isJson) write(JSON.stringify({ soak: name, unit: soak.unit, ...report, machine, ...version }))
  else summary(name, soak, report, { machine, ...version })
  if (report.violations.length > 0) process.stderr.write(replay(name, report, parent))
  return report.violations.length > 0 ? 1 : 0
}

function number(text: string, option: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value
  throw new RangeError(`${option} takes a number, not "${text}"`)
}

/** One line a second, so that a log of hours can still be read. */
function progressLine(unit: string): NonNullable<SoakSettings['onProgress']> {
  const startedAtMs = performance.now()
  let shownAtMs = -Infinity
  return (done, count, text) => {
    const nowMs = performance.now()
    const everyMs = process.stdout.isTTY ? 1000 : 10_000
    if (nowMs - shownAtMs < everyMs) return
    shownAtMs = nowMs
    const seconds = Math.round((nowMs - startedAtMs) / 1000)
    write(
      `${seconds} s  ${done.toLocaleString('en')} of ${count.toLocaleString('en')} ${unit}${text === '' ? '' : `  ${text}`}`,
    )
  }
}

function commit(): { readonly commit: string } {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', ['-C', root, ...args], { encoding: 'utf8' }).trim()
    const isDirty = git('status', '--porcelain', '--untracked-files=no', 'src') !== ''
    return { commit: git('rev-parse', '--short=12', 'HEAD') + (isDirty ? ' and changes' : '') }
  } catch {
    return { commit: 'unknown' }
  }
}

function summary(
  name: string,
  soak: Soak,
  report: SoakReport,
  { machine, commit: version }: { readonly machine: Machine; readonly commit: string },
): void {
  const gibibytes = (machine.memoryBytes / 2 ** 30).toFixed(0)
  const rows: [string, string | number][] = [
    [soak.unit, `${report.done.toLocaleString('en')} of ${report.count.toLocaleString('en')}`],
    ...Object.entries(report.figures),
    ['violations', report.violations.length],
    ['seconds', report.seconds],
    ['seed', report.seed],
    ['commit', version],
    [
      'machine',
      `${machine.processor}, ${availableParallelism()} processors, ${gibibytes} GiB; ${machine.system}; ` +
        `Node ${machine.node.slice(1)}; ${machine.fileSystem}`,
    ],
  ]
  const width = Math.max(...rows.map(([key]) => key.length))
  write(`\n${name}`)
  for (const [key, value] of rows) {
    const text = typeof value === 'number' ? value.toLocaleString('en') : value
    write(`  ${key.padEnd(width)}  ${key === 'seed' ? value : text}`)
  }
}

function replay(name: string, report: SoakReport, parent: string): string {
  const options = Object.entries(report.options).flatMap(([key, value]) => [`--${key}`, value])
  const words = [name, '--seed', report.seed, '--count', report.count, ...options]
  if (parent !== fastFolder) words.push('--folder', parent)
  return (
    `${report.violations.length} violations with seed ${report.seed}\n` +
    `kept: ${report.keptFolder}\nreplay: npm run soak -- ${words.join(' ')}\n`
  )
}

const [name, ...rest] = process.argv.slice(2)
try {
  if (
    name === undefined ||
    name.startsWith('-') ||
    rest.includes('--help') ||
    rest.includes('-h')
  ) {
    await list()
  } else if (!names().includes(name)) {
    process.stderr.write(`There is no soak "${name}"; there are ${names().join(', ')}\n`)
    process.exitCode = 2
  } else {
    process.exitCode = await run(name, rest)
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
