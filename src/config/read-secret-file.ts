import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

import { HoldfastError } from '../foundation/errors.ts'

export interface SecretFile {
  readonly file: string
  /** What messages call it, such as `passphrase file`. */
  readonly kind: string
  /** What is longer is some other file; one byte more than this is read of it. */
  readonly bytesMax: number
  readonly refuse: (message: string, options: RefusalOptions) => HoldfastError
}

export interface RefusalOptions {
  readonly cause?: unknown
  readonly remedy?: string
  readonly facts?: Readonly<Record<string, string>>
}

/** @throws {HoldfastError} what `refuse` makes when it cannot be read or is open to other users */
export function readSecretFile({ file, kind, bytesMax, refuse }: SecretFile): Buffer {
  const facts = { file }
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (cause) {
    throw refuse(`Cannot read ${kind} "${file}"`, { cause, facts })
  }
  try {
    const mode = openMode(descriptor)
    if (mode !== undefined) {
      throw refuse(`Cannot use ${kind} "${file}": mode ${mode} lets other users read it`, {
        remedy: `Run \`chmod 600 ${file}\``,
        facts: { file, mode },
      })
    }
    return readAtMost(descriptor, bytesMax + 1)
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause
    throw refuse(`Cannot read ${kind} "${file}"`, { cause, facts })
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Checked on the open descriptor, so that the file checked is the file read. Pipes, as from `<(…)`, have no readers.
 *
 * @returns the mode of a file that others may read
 */
function openMode(descriptor: number): string | undefined {
  const status = fstatSync(descriptor)
  if (!status.isFile() || (status.mode & 0o044) === 0) return undefined
  return (status.mode & 0o777).toString(8).padStart(4, '0')
}

function readAtMost(descriptor: number, bytesMax: number): Buffer {
  const buffer = Buffer.alloc(bytesMax)
  let filled = 0
  while (filled < bytesMax) {
    const count = readSync(descriptor, buffer, filled, bytesMax - filled, null)
    if (count === 0) break
    filled += count
  }
  return buffer.subarray(0, filled)
}
