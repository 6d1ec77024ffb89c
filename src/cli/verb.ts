import type { Command } from 'commander'

import type { ExitStatus } from './exit-status.ts'
import type { Session } from './session.ts'

/**
 * Connects an action of a command with the run: it opens the session, awaits the action and keeps its exit status.
 *
 * Made for one run of the command line and handed to each verb's `define`.
 */
export type RunAction = (
  command: Command,
  action: (session: Session) => Promise<ExitStatus>,
) => Promise<void>

/** Adds arguments, options, examples and the action to a command whose name and summary are there already. */
export type DefineVerb = (command: Command, run: RunAction) => void

/** An entry of the list of commands. The rest of a verb is loaded only when it is the one that was typed. */
export interface Verb {
  readonly name: string
  readonly aliases: readonly string[]
  /** Imperative, without a full stop. */
  readonly summary: string
  readonly load: () => Promise<DefineVerb>
}

/** The last part of a command's help; each example is a command line and what it does. */
export function addExamples(
  command: Command,
  examples: readonly (readonly [string, string])[],
): void {
  const lines = examples.map(([line, effect]) => `  ${line}\n      ${effect}`)
  command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
}
