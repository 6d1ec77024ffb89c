import { takeSecrets } from '../../../src/cli/command-context.ts'
import type { ExitStatus } from '../../../src/cli/exit-status.ts'
import { rawArguments } from '../../../src/cli/raw-arguments.ts'
import { runCommandLine } from '../../../src/cli/run-command-line.ts'
import { recordTerminal, type RecordingTerminal } from '../../support/record-terminal.ts'
import { createStandIn, type Call, type StandIn } from './stand-in-library.ts'

export interface RunOptions {
  readonly standIn?: StandIn
  readonly environment?: Readonly<Record<string, string>>
  readonly workingFolder?: string
  readonly terminal?: RecordingTerminal
  readonly signal?: AbortSignal
}

export interface RunResult {
  readonly status: ExitStatus
  readonly out: string
  readonly err: string
  readonly calls: readonly Call[]
  /** What was given to the first call of that name. */
  readonly given: (name: string) => Readonly<Record<string, unknown>>
  /** Standard output as JSON lines. */
  readonly json: () => Record<string, unknown>[]
}

/** Runs a command line in this process on the stand-in library. `/` has no config.yml above it. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const standIn = options.standIn ?? createStandIn()
  const terminal = options.terminal ?? recordTerminal()
  const environment: NodeJS.ProcessEnv = { PATH: process.env['PATH'], ...options.environment }
  const status = await runCommandLine(argv, {
    terminal,
    secrets: takeSecrets(environment),
    environment,
    workingFolder: options.workingFolder ?? '/',
    signal: options.signal ?? new AbortController().signal,
    rawArgument: rawArguments(argv),
    now: () => performance.now(),
    library: standIn.library,
  })
  const { out, err } = terminal.written
  return {
    status,
    out,
    err,
    calls: standIn.calls,
    given(name) {
      const call = standIn.calls.find((candidate) => candidate.name === name)
      if (call === undefined) throw new Error(`${name} was not called`)
      return call.options
    },
    json: () =>
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}
