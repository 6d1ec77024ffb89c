import { lazyLibrary } from '../../../src/cli/lazy-library.ts'
import { rawArguments } from '../../../src/cli/raw-arguments.ts'
import { runCommandLine } from '../../../src/cli/run-command-line.ts'
import { recordTerminal } from '../record-terminal.ts'
import { changedPassphrase, sweepPassphrase, type SweepWorld } from './sweep-world.ts'

export interface EndedCommand {
  readonly status: number
  readonly out: string
  readonly err: string
  /** Code of the error, and its message with causes and facts as one text; both empty without an error. */
  readonly code: string
  readonly told: string
  /** Lines about single files: what was unreadable, failed or damaged. */
  readonly fileLines: readonly { readonly item: string; readonly message: string }[]
}

interface JsonLine {
  readonly message_type?: string
  readonly item?: string
  readonly error?: unknown
  readonly message?: string
  readonly causes?: unknown
  readonly facts?: unknown
}

/** Runs a command line with `--json` as the command does, on the real library, in this process. */
export async function runCommand(
  argv: readonly string[],
  world: SweepWorld,
): Promise<EndedCommand> {
  const terminal = recordTerminal()
  const all = ['--json', '--repo', world.repository, '--cache-dir', world.cache, ...argv]
  const status = await runCommandLine(all, {
    terminal,
    secrets: {
      passphrase: world.isEncrypted ? sweepPassphrase : undefined,
      newPassphrase: changedPassphrase,
    },
    environment: { PATH: process.env['PATH'] },
    workingFolder: '/',
    signal: new AbortController().signal,
    rawArgument: rawArguments(all),
    now: () => performance.now(),
    library: lazyLibrary,
  })
  return { status, ...terminal.written, ...readLines(terminal.written.err) }
}

function readLines(err: string): Pick<EndedCommand, 'code' | 'told' | 'fileLines'> {
  const lines = err
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as JsonLine)
  const exit = lines.find((line) => line.message_type === 'exit_error')
  const fileLines = lines
    .filter((line) => line.message_type === 'error')
    .map((line) => ({
      item: line.item ?? '',
      message: (line.error as { message?: string } | undefined)?.message ?? '',
    }))
  return {
    code: typeof exit?.error === 'string' ? exit.error : '',
    told: exit
      ? `${exit.message} ${JSON.stringify(exit.causes)} ${JSON.stringify(exit.facts)}`
      : '',
    fileLines,
  }
}
