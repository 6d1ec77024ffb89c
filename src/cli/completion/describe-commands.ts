import { Command, type Option } from 'commander'

import { backupTypes } from '../../model/snapshot.ts'
import { addGlobalOptions } from '../global-options.ts'
import { parseBackupType } from '../option-values.ts'
import { verbs } from '../verbs.ts'

/** What a shell can offer for a value. */
export type ValueKind =
  | { readonly kind: 'snapshot' | 'file' | 'directory' | 'text' }
  | { readonly kind: 'choices'; readonly choices: readonly string[] }

export interface DescribedOption {
  /** As typed: `-l`, `--long`. */
  readonly flags: readonly string[]
  readonly text: string
  /** Null for an option without a value. */
  readonly value: ValueKind | null
}

export interface DescribedCommand {
  /** Empty for the program, `find`, `key add`. */
  readonly key: string
  readonly names: readonly string[]
  readonly text: string
  readonly options: readonly DescribedOption[]
  /** By position; the last stands for all further ones when `isRepeated`. */
  readonly values: readonly ValueKind[]
  readonly isRepeated: boolean
  readonly below: readonly DescribedCommand[]
}

/** The program as its own definitions say, so that no list is kept for the shells. */
export async function describeCommands(): Promise<DescribedCommand> {
  const program = new Command('holdfast')
  addGlobalOptions(program)
  for (const { name, aliases, summary, load } of verbs) {
    const command = program.command(name).summary(summary).aliases(aliases)
    const define = await load()
    define(command, () => Promise.resolve())
  }
  return describe(program, '')
}

function describe(command: Command, key: string): DescribedCommand {
  const values = command.registeredArguments.map((argument) =>
    kindOfValue(argument.name(), argument.argChoices),
  )
  const options = command.options.filter(({ hidden }) => !hidden)
  return {
    key,
    names: [command.name(), ...command.aliases()],
    text: command.summary(),
    // Every command takes the global options, and the program's own are these.
    options: options.map(describeOption),
    values,
    isRepeated: command.registeredArguments.at(-1)?.variadic === true,
    below: command.commands.map((one) => describe(one, `${key} ${one.name()}`.trim())),
  }
}

function describeOption(option: Option): DescribedOption {
  const takesValue = option.required || option.optional
  const placeholder = /[<[]([^>\].]+)/.exec(option.flags)?.[1] ?? ''
  const choices =
    (option.parseArg as unknown) === parseBackupType ? [...backupTypes] : option.argChoices
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
    text: option.description,
    value: takesValue ? kindOfValue(placeholder, choices) : null,
  }
}

/** The placeholder in the help says what is meant. */
function kindOfValue(placeholder: string, choices: readonly string[] | undefined): ValueKind {
  if (choices !== undefined) return { kind: 'choices', choices }
  if (/^(from|to)$|snapshot/.test(placeholder)) return { kind: 'snapshot' }
  if (/^(dir|directory|folder)s?$/.test(placeholder)) return { kind: 'directory' }
  if (/^(path|file|target)s?$/.test(placeholder)) return { kind: 'file' }
  return { kind: 'text' }
}
