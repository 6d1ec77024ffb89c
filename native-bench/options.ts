import { parseArgs } from 'node:util'

import { dataSets } from './datasets/data-sets.ts'
import { BenchError } from './harness/bench-error.ts'
import { toolNames } from './open-tool.ts'

export interface BenchOptions {
  readonly tools: readonly string[]
  readonly dataSets: readonly string[]
  /** undefined leaves it to each data set. */
  readonly rounds: number | undefined
  readonly scale: number
  readonly seed: number
  readonly isCold: boolean
  /** The built Holdfast to measure. */
  readonly holdfastPath: string
  /** Where the tables go as Markdown besides the terminal. */
  readonly markdownPath: string | undefined
  readonly jsonPath: string | undefined
  readonly isPrepareOnly: boolean
}

const dataSetNames: readonly string[] = dataSets.map(({ name }) => name)
const usualTools = 'restic,borg,borg2,floor,holdfast'
/** What needs neither root nor minutes to be brought, and takes no minutes for a backup. */
const quickTools = 'restic,floor,holdfast'
const quickScale = 0.05

export const usage: string = `Measures Holdfast side by side with restic, borg 1.4, borg 2 and the floor (tar, zstd, cp).

  node --import tsx native-bench/bench.ts [options]

  --tools A,B      of ${toolNames.join(', ')}
                   (default: ${usualTools})
  --data A,B       of ${dataSetNames.join(', ')}
                   (default: all)
  --rounds N       repetitions, the tools taking turns (default: 3, of the huge data sets 1)
  --scale F        size of the data, above 0 and at most 1 (default: 1)
  --quick          ${quickTools}, one round at a scale of ${quickScale}, where not said otherwise
  --seed N         of the generated data (default: 1)
  --cold           drop the kernel's caches before each command (needs root)
  --holdfast PATH  the built command (default: dist/cli/main.js of this checkout)
  --markdown FILE  also write the tables into FILE, between its bench marks, and the charts as SVG
                   into images/bench beside it
  --json FILE      write every measurement into FILE (default: results/ in the bench folder)
  --prepare-only   make the data sets and stop

Data, peers, work and results are kept in $HOLDFAST_BENCH_DIR, by default /var/tmp/holdfast-bench.
borg is installed by itself when this is run as root with debootstrap there.`

/**
 * Reads the command line.
 * @returns undefined when help is asked for.
 * @throws {BenchError} When an option or its value is none of those in `usage`.
 */
export function readOptions(
  argv: readonly string[],
  defaultHoldfastPath: string,
): BenchOptions | undefined {
  const values = parse(argv)
  if (values.help === true) return undefined
  const isQuick = values.quick === true
  return {
    tools: namesOf('--tools', values.tools ?? (isQuick ? quickTools : usualTools), toolNames),
    dataSets: namesOf('--data', values.data ?? dataSetNames.join(','), dataSetNames),
    rounds: roundsOf(values.rounds ?? (isQuick ? '1' : undefined)),
    scale: numberOf('--scale', values.scale ?? (isQuick ? String(quickScale) : '1'), {
      isWhole: false,
      above: 0,
      highest: 1,
    }),
    seed: numberOf('--seed', values.seed ?? '1', { isWhole: true, above: -1, highest: 2 ** 31 }),
    isCold: values.cold === true,
    holdfastPath: values.holdfast ?? defaultHoldfastPath,
    markdownPath: values.markdown,
    jsonPath: values.json,
    isPrepareOnly: values['prepare-only'] === true,
  }
}

/** The command line that repeats a run, without this machine's paths. */
export function repeatCommand(options: BenchOptions): string {
  const chosen = ['--tools', options.tools.join(','), '--data', options.dataSets.join(',')]
  const rounds = options.rounds === undefined ? [] : ['--rounds', options.rounds]
  const sizes = [...rounds, '--scale', options.scale, '--seed', options.seed]
  const cold = options.isCold ? ['--cold'] : []
  return ['node --import tsx native-bench/bench.ts', ...chosen, ...sizes, ...cold].join(' ')
}

interface RawValues {
  tools?: string
  data?: string
  rounds?: string
  scale?: string
  seed?: string
  holdfast?: string
  markdown?: string
  json?: string
  quick?: boolean
  cold?: boolean
  'prepare-only'?: boolean
  help?: boolean
}

function parse(argv: readonly string[]): RawValues {
  const string = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const names = {
    tools: string,
    data: string,
    rounds: string,
    scale: string,
    seed: string,
    holdfast: string,
  }
  const outputs = { markdown: string, json: string }
  const flags = {
    quick: flag,
    cold: flag,
    'prepare-only': flag,
    help: { ...flag, short: 'h' },
  } as const
  try {
    return parseArgs({ args: [...argv], options: { ...names, ...outputs, ...flags } }).values
  } catch (error) {
    throw new BenchError(`${(error as Error).message}; --help lists the options`)
  }
}

function namesOf(option: string, text: string, known: readonly string[]): readonly string[] {
  const names = [...new Set(text.split(','))]
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new BenchError(`${option} "${unknown}" is none of ${known.join(', ')}`)
  return names
}

function roundsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return numberOf('--rounds', text, { isWhole: true, above: 0, highest: 100 })
}

function numberOf(
  option: string,
  text: string,
  limits: { isWhole: boolean; above: number; highest: number },
): number {
  const value = Number(text)
  const isFine =
    value > limits.above && value <= limits.highest && (!limits.isWhole || Number.isInteger(value))
  if (text.trim() !== '' && isFine) return value
  const kind = limits.isWhole ? 'a whole number' : 'a number'
  throw new BenchError(
    `${option} "${text}" is not ${kind} above ${limits.above} and at most ${limits.highest}`,
  )
}
