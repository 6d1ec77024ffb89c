import { readFileSync } from 'node:fs'

import { HoldfastError } from '../foundation/errors.ts'

/**
 * Reads the patterns of exclude files, one a line; empty lines and lines that begin with `#` are left out.
 *
 * @throws {HoldfastError} `PATH_NOT_FOUND` when a file cannot be read: saving what was to be left out could fill the
 *   repository, or put a secret into it.
 */
export function readPatterns(files: readonly string[]): string[] {
  return files.flatMap((file) =>
    read(file)
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '' && !line.startsWith('#')),
  )
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new HoldfastError('PATH_NOT_FOUND', `Cannot read exclude file "${file}"`, {
      cause,
      remedy: 'Check the path given with --exclude-file or under holdfast.exclude_files',
      facts: { file },
    })
  }
}
