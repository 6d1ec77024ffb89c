import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export const checkout: string = fileURLToPath(new URL('../..', import.meta.url))
const main = join(checkout, 'dist/cli/main.js')
const isRoot = process.geteuid?.() === 0

/** Far more than any command here takes on a shared machine, and less than vitest allows a test. */
const timeoutMs = 30_000

export type JsonObject = Readonly<Record<string, unknown>>

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: string
  /** Below the workspace's folder; without it the folder itself. */
  readonly folder?: string
  /** Gives up the right to read what belongs to others or is closed to its owner, which root has. */
  readonly isOrdinaryUser?: boolean
}

/** What a command left behind. */
export interface Finished {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** The lines of standard output as JSON. */
  readonly lines: readonly JsonObject[]
  /** The lines of standard error as JSON. */
  readonly errorLines: readonly JsonObject[]
  /** Standard output as one JSON value. */
  json(): unknown
  /** The line of standard output with this `message_type`. */
  line(messageType: string): JsonObject
}

/** A folder of one test with a repository's place, used only through the built command. */
export interface Workspace {
  readonly folder: string
  readonly repository: string
  at(...parts: string[]): string
  /** Makes a file and the folders above it. @returns its absolute path */
  write(path: string, content: string | Uint8Array): string
  run(argv: readonly string[], options?: RunOptions): Finished
  /** Runs a command that must end with status 0. */
  done(argv: readonly string[], options?: RunOptions): Finished
  start(argv: readonly string[], options?: RunOptions): Running
}

/** A command that has not ended; standard input stays open. */
export interface Running {
  readonly process: ChildProcess
  readonly finished: Promise<Finished>
}

/** @param environment for every command, such as a passphrase */
export function workspace(environment: Readonly<Record<string, string>> = {}): Workspace {
  if (!existsSync(main)) throw new Error('The command is not built: run `npm run build`')
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-e2e-'))
  onTestFinished(() => {
    execFileSync('chmod', ['-R', 'u+rwX', folder])
    execFileSync('rm', ['-rf', folder])
  })
  const at = (...parts: string[]): string => join(folder, ...parts)
  const options = (given: RunOptions) => ({
    cwd: at(given.folder ?? ''),
    env: {
      PATH: process.env['PATH'],
      HOME: at('home'),
      HOLDFAST_REPOSITORY: at('repository'),
      ...environment,
      ...given.environment,
    },
  })
  const run = (argv: readonly string[], given: RunOptions = {}): Finished => {
    const [program, words] = commandLine(argv, given)
    const { status, stdout, stderr, error } = spawnSync(program, words, {
      ...options(given),
      input: given.input ?? '',
      encoding: 'utf8',
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
    if (error !== undefined) throw error
    return finished(status, stdout, stderr)
  }
  return {
    folder,
    repository: at('repository'),
    at,
    write(path, content) {
      mkdirSync(dirname(at(path)), { recursive: true })
      writeFileSync(at(path), content)
      return at(path)
    },
    run,
    done(argv, given = {}) {
      const result = run(argv, given)
      if (result.status === 0) return result
      throw new Error(`holdfast ${argv.join(' ')}: status ${result.status}\n${result.stderr}`)
    },
    start(argv, given = {}) {
      const [program, words] = commandLine(argv, given)
      return follow(spawn(program, words, options(given)))
    },
  }
}

function commandLine(argv: readonly string[], { isOrdinaryUser }: RunOptions): [string, string[]] {
  const node = [process.execPath, main, ...argv]
  if (isOrdinaryUser !== true || !isRoot) return [node[0], node.slice(1)]
  // Still user 0, so that a checkout below /root can be read, but files are no longer open to it whatever their mode.
  const rights = '-dac_override,-dac_read_search'
  return ['setpriv', [`--bounding-set=${rights}`, `--inh-caps=${rights}`, ...node]]
}

function follow(child: ChildProcess): Running {
  const chunks: [Buffer[], Buffer[]] = [[], []]
  child.stdout?.on('data', (bytes: Buffer) => chunks[0].push(bytes))
  child.stderr?.on('data', (bytes: Buffer) => chunks[1].push(bytes))
  // Writing to a command that was stopped is what some tests do.
  child.stdin?.on('error', () => undefined)
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return {
    process: child,
    finished: new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (status) => {
        clearTimeout(timer)
        const [stdout, stderr] = chunks.map((parts) => Buffer.concat(parts).toString())
        resolve(finished(status, stdout, stderr))
      })
    }),
  }
}

function finished(status: number | null, stdout: string, stderr: string): Finished {
  return {
    status,
    stdout,
    stderr,
    get lines() {
      return jsonLines(stdout)
    },
    get errorLines() {
      return jsonLines(stderr)
    },
    json: () => JSON.parse(stdout) as unknown,
    line(messageType) {
      const line = jsonLines(stdout).find((each) => each['message_type'] === messageType)
      if (line === undefined) throw new Error(`no line "${messageType}" in: ${stdout}${stderr}`)
      return line
    },
  }
}

function jsonLines(text: string): JsonObject[] {
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as JsonObject)
}

/** Waits until something holds, which another process brings about. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const giveUpAtMs = Date.now() + timeoutMs
  while (!holds()) {
    if (Date.now() > giveUpAtMs) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
