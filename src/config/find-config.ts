import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { configFileName } from './defaults.ts'

/**
 * Looks for `config.yml` in a folder and then in each of its parents; the nearest one wins.
 *
 * @param folder Absolute path.
 * @returns The absolute path of the file, or undefined when there is none up to the root.
 */
export function findConfig(folder: string): string | undefined {
  for (let current = folder; ; current = dirname(current)) {
    const file = join(current, configFileName)
    if (existsSync(file)) return file
    if (current === dirname(current)) return undefined
  }
}
