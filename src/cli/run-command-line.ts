import { Command, CommanderError } from 'commander'

import { HoldfastError } from '../foundation/errors.ts'
import type { CommandContext } from './command-context.ts'
import { exitStatus, type ExitStatus } from './exit-status.ts'
import { addGlobalOptions, collectGlobalOptions, type GlobalOptions } from './global-options.ts'
import { reportError } from './output/error-report.ts'
import { createSession } from './session.ts'
import { usageError } from './usage-error.ts'
import type { RunAction } from './verb.ts'
import { verbs } from './verbs.ts'

/**
 * Runs one command line: parses it, loads the verb that it names, runs it and reports its error.
 *
 * @param argv The arguments after the program's name.
 * @returns The exit status. Nothing is thrown: every error has been reported.
 */
export async function runCommandLine(
  argv: readonly string[],
  context: CommandContext,
): Promise<ExitStatus> {
  let status: ExitStatus = exitStatus.done
  let globals: GlobalOptions = { ...(argv.includes('--json') && { json: true }) }
  const run: RunAction = async (command, action) => {
    globals = collectGlobalOptions(command)
    status = await action(createSession(context, globals))
  }
  const parser = createParser(context, run, globals)
  try {
    await parser.program.parseAsync(spellOut(argv), { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitStatus.done
    if (isClosedOutput(error, context)) return exitStatus.done
    const report = { isJson: globals.json === true, isVerbose: globals.verbose === true }
    return reportError(toReportable(error, context.signal, parser), context.terminal, report)
  }
}

interface Parser {
  readonly program: Command
  /** The command that the parser was in last, for the remedy of a usage error. */
  currentCommand(): Command
}

/** Wider lines are hard to read, also where the terminal has the room. */
const helpColumns = 100

function createParser(
  { terminal }: CommandContext,
  run: RunAction,
  { json }: GlobalOptions,
): Parser {
  const program = new Command('holdfast')
  let current = program
  program
    .description('Deduplicating, encrypted, verifiable backups')
    .usage('[options] <command> [arguments]')
    .helpCommand(false)
    // Everything after a verb belongs to the verb: `--description --json` is a description.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
    .configureHelp({
      // Commander shows only the first alias in the list of commands.
      subcommandTerm: (listed) => [listed.name(), ...listed.aliases()].join(', '),
    })
    .configureOutput({
      writeOut: (text) => terminal.writeOutput(text),
      writeErr: (text) => {
        if (json !== true) terminal.writeError(text)
      },
      // Reported in our own form, or as JSON, from the error that is thrown.
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(terminal.outputColumns ?? helpColumns, helpColumns),
      getErrHelpWidth: () => Math.min(terminal.errorColumns, helpColumns),
    })
    .addHelpText(
      'after',
      '\nRun `holdfast <command> --help` for the options and examples of a command',
    )
  addGlobalOptions(program)
  for (const { name, aliases, summary } of verbs) {
    const command = program.command(name).description(capitalize(summary)).summary(summary)
    command.aliases(aliases).enablePositionalOptions()
  }
  program.hook('preSubcommand', async (_, command) => {
    current = command
    const verb = verbs.find(({ name }) => name === command.name())
    const define = await verb?.load()
    define?.(command, run)
    // After its own options, which is the order in the help.
    addGlobalOptions(command)
  })
  return { program, currentCommand: () => current }
}

/** `holdfast help restore` is `holdfast restore --help`, which loads the verb like every other use of it. */
function spellOut(argv: readonly string[]): string[] {
  const [first, ...others] = argv
  if (first === 'help') return [...others, '--help']
  if (first === '--version' || first === '-V') return ['version', ...others]
  return [...argv]
}

function capitalize(text: string): string {
  return text[0].toUpperCase() + text.slice(1)
}

/** The reader of our output went away and whatever was writing to it noticed. */
function isClosedOutput(error: unknown, { terminal }: CommandContext): boolean {
  if (!terminal.isOutputClosed) return false
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EPIPE') return true
  }
  return false
}

function toReportable(error: unknown, signal: AbortSignal, parser: Parser): unknown {
  if (error instanceof CommanderError) return fromCommander(error, parser.currentCommand())
  if (!signal.aborted || error instanceof HoldfastError) return error
  // An operation that was told to stop may end with any error; what counts is who told it.
  return signal.reason instanceof HoldfastError ? signal.reason : error
}

function fromCommander(error: CommanderError, command: Command): HoldfastError {
  const names: string[] = []
  for (let level: Command | null = command; level !== null; level = level.parent) {
    names.unshift(level.name())
  }
  const help = `${names.join(' ')} --help`
  if (error.code === 'commander.help') {
    return usageError('No command is given', `Run \`${help}\` to see the commands`)
  }
  const message = error.message
    .replace(/^error: /, '')
    .replace(/\.?\s*\n\s*/g, ' ')
    .replace(/\.$/, '')
    .replaceAll("'", '"')
  return usageError(capitalize(message), `Run \`${help}\` to see what is allowed`)
}
