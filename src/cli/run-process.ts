import { HoldfastError } from '../foundation/errors.ts'
import { takeSecrets } from './command-context.ts'
import { exitStatus } from './exit-status.ts'
import { lazyLibrary } from './lazy-library.ts'
import { openTerminal, type Terminal } from './output/terminal.ts'
import { rawArguments } from './raw-arguments.ts'
import { runCommandLine } from './run-command-line.ts'

/** Runs the command line of this process and ends it with the exit status. */
export async function runProcess(argv: readonly string[]): Promise<never> {
  const controller = new AbortController()
  const secrets = takeSecrets(process.env)
  const terminal = openTerminal(process, process.env, (cause) => {
    controller.abort(
      new HoldfastError('INTERNAL', 'Cannot write to standard output', {
        cause,
        remedy: 'Free space or redirect the output to another place',
      }),
    )
  })
  stopOnSignals(controller, terminal)
  const status = await runCommandLine(argv, {
    terminal,
    environment: process.env,
    secrets,
    workingFolder: workingFolder(),
    signal: controller.signal,
    rawArgument: rawArguments(argv),
    now: () => performance.now(),
    library: lazyLibrary,
  })
  // A daemon that was told to stop has done what it should.
  const reason: unknown = controller.signal.reason
  const wasTold = reason instanceof HoldfastError && reason.code === 'INTERRUPTED'
  const hasLostOutput = status === exitStatus.done && controller.signal.aborted && !wasTold
  await Promise.all([flush(process.stdout), flush(process.stderr)])
  // A handle that an operation left open must not keep a finished command alive.
  process.exit(hasLostOutput ? exitStatus.failed : status)
}

/** A shell may stand in a folder that was deleted; absolute paths work from there all the same. */
function workingFolder(): string {
  try {
    return process.cwd()
  } catch {
    return '/'
  }
}

/**
 * The first signal asks the operation to stop, which leaves the repository in order; the second ends the process at
 * once, which the repository survives as well, at the price of packs that the next run adopts.
 */
function stopOnSignals(controller: AbortController, terminal: Terminal): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitStatus.interrupted)
      if (terminal.isErrorTerminal)
        terminal.writeError('\r\x1b[KStopping; press Ctrl-C again to end at once\n')
      controller.abort(
        new HoldfastError('INTERRUPTED', `Interrupted by ${name}`, {
          remedy: 'Run the command again; what was stored already is not stored twice',
          facts: { signal: name },
        }),
      )
    })
  }
}

/** Waits for what was written, at most a second: the reader may have stopped reading. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 1000)
    stream.write('', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
