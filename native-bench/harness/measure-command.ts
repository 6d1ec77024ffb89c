import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'

import { BenchError } from './bench-error.ts'

/**
 * What one command cost, for itself and every process that it started; see run-measured.py for each
 * figure.
 */
export interface CommandCost {
  readonly wallSeconds: number
  readonly userSeconds: number
  readonly systemSeconds: number
  readonly peakMemoryBytes: number
  readonly readBytes: number
  readonly writtenBytes: number
  readonly deviceReadBytes: number
  readonly deviceWrittenBytes: number
  /**
   * Cores that other processes kept busy meanwhile: a figure well above 0 means that the row is
   * disturbed.
   */
  readonly otherCpuCores: number
  /** The machine's one-minute load average just before the start. */
  readonly loadAverageBefore: number
}

/** A command line with everything that it is run in. */
export interface Command {
  readonly argv: readonly string[]
  /**
   * The whole environment: nothing of the caller's leaks in, so that settings of the user change no
   * figure.
   */
  readonly environment: Readonly<Record<string, string>>
  readonly workingFolder: string
}

export interface MeasureOptions {
  /** Drop the kernel's page, dentry and inode caches before the start (needs root). */
  readonly isCold: boolean
  /** Read completely before the start, unless `isCold`. */
  readonly warmFolders: readonly string[]
  /** Gets the command's output, `.log`, and its figures, `.json`. */
  readonly reportPath: string
}

const runMeasuredPath: string = fileURLToPath(new URL('./run-measured.py', import.meta.url))

/**
 * Runs a command and measures it.
 *
 * Dirty pages are written back first, because otherwise the former command's output is written
 * during this one.
 * @throws {BenchError} When it cannot be started or ends with a status other than 0; the message
 * holds its last output.
 */
export function measureCommand(command: Command, options: MeasureOptions): CommandCost {
  execFileSync('sync')
  if (options.isCold) dropCaches()
  else warmCaches(options.warmFolders)
  const loadAverageBefore = loadavg()[0]
  const logPath = `${options.reportPath}.log`
  const figuresPath = `${options.reportPath}.json`
  runToLog(['python3', runMeasuredPath, figuresPath, ...command.argv], command, logPath)
  const report = JSON.parse(readFileSync(figuresPath, 'utf8')) as CommandCost & {
    exitStatus: number
  }
  const { exitStatus, ...cost } = report
  if (exitStatus !== 0) throw failure(command, `exit status ${exitStatus}`, logPath)
  return { ...cost, loadAverageBefore }
}

/**
 * Runs a command that is not measured, such as a repository's creation.
 * @returns What it wrote to standard output.
 * @throws {BenchError} When it cannot be started or ends with a status other than 0.
 */
export function runCommand(command: Command): string {
  const child = spawnSync(command.argv[0], command.argv.slice(1), {
    cwd: command.workingFolder,
    env: command.environment,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (child.error) throw new BenchError(`Cannot run "${command.argv[0]}": ${child.error.message}`)
  if (child.status === 0) return child.stdout
  const end = lastLines(`${child.stdout}\n${child.stderr}`)
  throw new BenchError(
    `"${command.argv.join(' ')}" ended with ${child.status ?? child.signal}:\n${end}`,
  )
}

/** The costs of several commands that make up one piece of work, run one after the other. */
export function addCosts(costs: readonly CommandCost[]): CommandCost {
  const sum = (figure: (cost: CommandCost) => number): number =>
    costs.reduce((total, cost) => total + figure(cost), 0)
  const wallSeconds = sum((cost) => cost.wallSeconds)
  return {
    wallSeconds,
    userSeconds: sum((cost) => cost.userSeconds),
    systemSeconds: sum((cost) => cost.systemSeconds),
    peakMemoryBytes: Math.max(...costs.map((cost) => cost.peakMemoryBytes)),
    readBytes: sum((cost) => cost.readBytes),
    writtenBytes: sum((cost) => cost.writtenBytes),
    deviceReadBytes: sum((cost) => cost.deviceReadBytes),
    deviceWrittenBytes: sum((cost) => cost.deviceWrittenBytes),
    otherCpuCores: sum((cost) => cost.otherCpuCores * cost.wallSeconds) / wallSeconds,
    loadAverageBefore: costs[0].loadAverageBefore,
  }
}

function dropCaches(): void {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3')
  } catch (cause) {
    throw new BenchError('Cannot drop the caches: run as root, or without --cold', { cause })
  }
}

/**
 * Reads every file once. Without this the first tool in turn may pay for reads that the second
 * finds cached: kernels that reclaim memory proactively drop even half a minute's old pages.
 */
function warmCaches(folders: readonly string[]): void {
  // `tar` jumps over holes: reading them would fill the cache with zeros and push out everything
  // else. Through a pipe, because it does not read what it writes straight to /dev/null.
  const script = 'tar -c --sparse -P -- "$@" | wc -c'
  execFileSync('sh', ['-c', script, 'sh', ...folders], { stdio: ['ignore', 'ignore', 'inherit'] })
}

function runToLog(argv: readonly string[], command: Command, logPath: string): void {
  const log = openSync(logPath, 'w')
  try {
    const { workingFolder: cwd, environment: env } = command
    const child = spawnSync(argv[0], argv.slice(1), { cwd, env, stdio: ['ignore', log, log] })
    if (child.error) throw new BenchError(`Cannot run "${argv[0]}": ${child.error.message}`)
    if (child.status !== 0) throw failure(command, 'no measurement', logPath)
  } finally {
    closeSync(log)
  }
}

function failure(command: Command, found: string, logPath: string): BenchError {
  const end = lastLines(readFileSync(logPath, 'utf8'))
  return new BenchError(
    `"${command.argv.join(' ')}" ended with ${found}:\n${end}\n(all of it: ${logPath})`,
  )
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-15).join('\n')
}
