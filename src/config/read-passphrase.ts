import { spawn } from 'node:child_process'

import { HoldfastError } from '../foundation/errors.ts'
import { readSecretFile, type RefusalOptions } from './read-secret-file.ts'
import { splitWords } from './split-words.ts'

/** Where a passphrase may come from, in the order in which the sources are asked. */
export interface PassphraseSources {
  /** `--passphrase-file`, an absolute path. */
  readonly fileOption?: string | undefined
  /** `--passphrase-command`. */
  readonly commandOption?: string | undefined
  /** The value of `HOLDFAST_PASSPHRASE`; the caller has deleted it from the environment. */
  readonly variable?: string | undefined
  /** The configuration's `passphrase_file` and `passphrase_command`; called only when nothing above is given. */
  readonly configuration?: () => {
    readonly passphraseFile?: string
    readonly passphraseCommand?: string
  }
  /** Asks on a terminal without echo; undefined when there is no terminal. */
  readonly ask?: (() => Promise<string>) | undefined
  /** Environment for the command. */
  readonly environment: NodeJS.ProcessEnv
  readonly signal?: AbortSignal
}

/** A passphrase is a line; a longer file is some other file. The key derivation reads no more than this. */
export const passphraseBytesMax = 4096

/**
 * Reads the passphrase from the first source that is given: file option, command option, variable, configuration's file,
 * configuration's command, terminal.
 *
 * One final line end is dropped.
 * @returns The passphrase, or undefined when no source is given.
 * @throws {HoldfastError} `PASSPHRASE_MISSING` when the source cannot be read, is empty or is open to other users.
 */
export async function readPassphrase(sources: PassphraseSources): Promise<string | undefined> {
  const { fileOption, commandOption, variable, environment, signal } = sources
  if (fileOption !== undefined) return fromFile(fileOption)
  if (commandOption !== undefined) return fromCommand(commandOption, environment, signal)
  if (variable !== undefined) return checked(Buffer.from(variable), 'HOLDFAST_PASSPHRASE')
  const { passphraseFile, passphraseCommand } = sources.configuration?.() ?? {}
  if (passphraseFile !== undefined) return fromFile(passphraseFile)
  if (passphraseCommand !== undefined) return fromCommand(passphraseCommand, environment, signal)
  if (sources.ask === undefined) return undefined
  return checked(Buffer.from(await sources.ask()), 'the terminal')
}

function fromFile(file: string): string {
  const bytesMax = passphraseBytesMax
  const bytes = readSecretFile({ file, kind: 'passphrase file', bytesMax, refuse: missing })
  return checked(bytes, `passphrase file "${file}"`)
}

async function fromCommand(
  command: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<string> {
  const [program, ...words] = splitWords(command) ?? []
  if (program === undefined) {
    throw missing(`Cannot run passphrase command "${command}": it has no words or an open quote`)
  }
  const output = await runProgram({ program, words, environment, signal }).catch(
    (cause: unknown) => {
      throw missing(`Cannot run passphrase command "${program}"`, { cause, facts: { program } })
    },
  )
  return checked(output, `the output of passphrase command "${program}"`)
}

interface ProgramRun {
  readonly program: string
  readonly words: readonly string[]
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal | undefined
}

/** The program keeps the terminal for its own questions (standard input and error), as `pass` and `op` need. */
function runProgram({ program, words, environment, signal }: ProgramRun): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      env: environment,
      stdio: ['inherit', 'pipe', 'inherit'],
      ...(signal !== undefined && { signal }),
    })
    const parts: Buffer[] = []
    let bytes = 0
    child.stdout.on('data', (part: Buffer) => {
      // What is too long is refused below; what is far too long is not collected first.
      if (bytes <= passphraseBytesMax) parts.push(part)
      bytes += part.length
    })
    child.on('error', reject)
    child.on('close', (status, killedBy) => {
      if (status === 0) resolve(Buffer.concat(parts))
      else
        reject(
          new Error(
            killedBy === null ? `It ended with status ${status}` : `It ended by ${killedBy}`,
          ),
        )
    })
  })
}

function checked(bytes: Buffer, source: string): string {
  if (bytes.length > passphraseBytesMax) {
    throw missing(
      `Cannot use ${source} as a passphrase: it is longer than ${passphraseBytesMax} bytes`,
    )
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw missing(`Cannot use ${source} as a passphrase: it is not UTF-8 text`, { cause })
  }
  const passphrase = text.replace(/\r?\n$/, '')
  if (passphrase === '') throw missing(`Cannot use ${source} as a passphrase: it is empty`)
  return passphrase
}

function missing(message: string, options: RefusalOptions = {}): HoldfastError {
  return new HoldfastError('PASSPHRASE_MISSING', message, {
    remedy:
      'Give the passphrase with --passphrase-file, --passphrase-command or HOLDFAST_PASSPHRASE',
    ...options,
  })
}
