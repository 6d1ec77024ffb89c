import type { Library } from './library.ts'
import type { Terminal } from './output/terminal.ts'
import type { RawArgument } from './raw-arguments.ts'

/** What a command may know of the process that it runs in; tests give their own. */
export interface CommandContext {
  readonly terminal: Terminal
  /** Without the variables of `EnvironmentSecrets`, so that programs started from here do not see them. */
  readonly environment: NodeJS.ProcessEnv
  readonly secrets: EnvironmentSecrets
  readonly workingFolder: string
  readonly signal: AbortSignal
  readonly rawArgument: RawArgument
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number
  readonly library: Library
}

export interface EnvironmentSecrets {
  /** `HOLDFAST_PASSPHRASE` */
  readonly passphrase: string | undefined
  /** `HOLDFAST_NEW_PASSPHRASE` */
  readonly newPassphrase: string | undefined
  /** `HOLDFAST_FROM_PASSPHRASE` */
  readonly fromPassphrase?: string | undefined
}

/** Takes the secrets out of an environment: they are deleted from it. */
export function takeSecrets(environment: NodeJS.ProcessEnv): EnvironmentSecrets {
  const secrets = {
    passphrase: environment['HOLDFAST_PASSPHRASE'],
    newPassphrase: environment['HOLDFAST_NEW_PASSPHRASE'],
    fromPassphrase: environment['HOLDFAST_FROM_PASSPHRASE'],
  }
  delete environment['HOLDFAST_PASSPHRASE']
  delete environment['HOLDFAST_NEW_PASSPHRASE']
  delete environment['HOLDFAST_FROM_PASSPHRASE']
  return secrets
}
