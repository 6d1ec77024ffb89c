import { randomBytes } from 'node:crypto'
import { chmodSync, closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { HoldfastError } from '../../foundation/errors.ts'
import { makeDirectories } from '../../foundation/make-directories.ts'
import type { Tokens } from './credentials.ts'

export interface TokenSources {
  /** `HOLDFAST_TOKEN` and `HOLDFAST_READ_ONLY_TOKEN`. */
  readonly variable?: string | undefined
  readonly readOnlyVariable?: string | undefined
  /** Absolute paths. */
  readonly file?: string | undefined
  readonly readOnlyFile?: string | undefined
  /** Where a token is kept that had to be made up. */
  readonly cacheDirectory: string
}

export interface FoundTokens {
  readonly tokens: Tokens
  /** Where a token was made up just now; it is shown once. */
  readonly generatedIn?: string
}

/** Shorter ones can be guessed at the pace that a server allows. */
const tokenLengthMin = 16
const tokenLengthMax = 4096
export const tokenFileName = 'server-token'

/**
 * Finds the token: the variable, else the configured file, else the one that was made up earlier, else a new one in a file for its owner alone.
 *
 * @throws {HoldfastError} `CONFIG_INVALID` for one that is too short, cannot be read, or is open to other users
 */
export function findTokens(sources: TokenSources): FoundTokens {
  const readOnly =
    given(sources.readOnlyVariable, 'HOLDFAST_READ_ONLY_TOKEN') ??
    (sources.readOnlyFile === undefined ? undefined : readTokenFile(sources.readOnlyFile))
  const found = findFull(sources)
  if (readOnly !== undefined && readOnly === found.full) {
    throw new HoldfastError(
      'CONFIG_INVALID',
      'Cannot use the read-only token: it is the same as the one that may do everything',
      { remedy: 'Give another one' },
    )
  }
  return {
    tokens: { full: found.full, ...(readOnly !== undefined && { readOnly }) },
    ...(found.generatedIn !== undefined && { generatedIn: found.generatedIn }),
  }
}

function findFull({ variable, file, cacheDirectory }: TokenSources): {
  readonly full: string
  readonly generatedIn?: string
} {
  const full = given(variable, 'HOLDFAST_TOKEN')
  if (full !== undefined) return { full }
  if (file !== undefined) return { full: readTokenFile(file) }
  const path = join(cacheDirectory, tokenFileName)
  const made = makeTokenFile(path)
  return made === undefined ? { full: readTokenFile(path) } : { full: made, generatedIn: path }
}

function given(value: string | undefined, name: string): string | undefined {
  return value === undefined || value === '' ? undefined : checked(value, name)
}

/** @returns undefined when the file is there */
function makeTokenFile(path: string): string | undefined {
  const token = randomBytes(32).toString('base64url')
  try {
    makeDirectories(dirname(path), 0o700)
    writeFileSync(path, `${token}\n`, { flag: 'wx', mode: 0o600 })
    // Whatever the mask of the process says.
    chmodSync(path, 0o600)
    return token
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return undefined
    throw new HoldfastError('CONFIG_INVALID', `Cannot write the token file "${path}"`, {
      cause,
      remedy: 'Give a token with HOLDFAST_TOKEN or holdfast.server.token_file',
      facts: { file: path },
    })
  }
}

function readTokenFile(path: string): string {
  let text: string
  try {
    const descriptor = openSync(path, 'r')
    try {
      const { mode } = fstatSync(descriptor)
      if ((mode & 0o077) !== 0) throw openToOthers(path, mode)
      text = readFileSync(descriptor, 'utf8')
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause
    throw new HoldfastError('CONFIG_INVALID', `Cannot read the token file "${path}"`, {
      cause,
      remedy: 'Write a token into it, such as the output of `openssl rand -hex 32`',
      facts: { file: path },
    })
  }
  return checked(text.trim(), `token file "${path}"`)
}

function openToOthers(path: string, mode: number): HoldfastError {
  const octal = (mode & 0o777).toString(8).padStart(4, '0')
  return new HoldfastError(
    'CONFIG_INVALID',
    `Cannot use the token file "${path}": mode ${octal} lets other users read it`,
    { remedy: `Run \`chmod 600 ${path}\``, facts: { file: path, mode: octal } },
  )
}

function checked(token: string, source: string): string {
  const isUsable =
    token.length >= tokenLengthMin && token.length <= tokenLengthMax && /^[\x21-\x7e]+$/.test(token)
  if (isUsable) return token
  throw new HoldfastError(
    'CONFIG_INVALID',
    `Cannot use the token of ${source}: it has to be ${tokenLengthMin} or more visible ASCII characters in a row`,
    { remedy: 'Make one with `openssl rand -hex 32`' },
  )
}
