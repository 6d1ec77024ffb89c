import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { compareTrees } from '../compare-trees.ts'
import { listFiles } from '../datasets/live-folder.ts'
import { BenchError } from './bench-error.ts'
import type { Contender } from './contender.ts'

/** @throws {BenchError} When what a tool restored into a folder is not exactly the original. */
export function proveRestored({ tool, site }: Contender, target: string, original: string): void {
  const restoredFolder = tool.restoredFolders(site, target).find((folder) => existsSync(folder))
  if (restoredFolder === undefined)
    throw new BenchError(`${tool.name} restored nothing into "${target}"`)
  const comparison = compareTrees(original, restoredFolder)
  if (comparison.entryCount === 0)
    throw new BenchError(`Nothing to compare in "${original}": it is empty`)
  if (comparison.differenceCount > 0) {
    const shown = comparison.differences.join('\n')
    throw new BenchError(
      `${tool.name} restored ${comparison.differenceCount} differences:\n${shown}`,
    )
  }
}

/** @throws {BenchError} When a folder does not hold exactly one file with the original's contents. */
export function proveFileRestored({ tool }: Contender, target: string, original: string): void {
  const paths = listFiles(target)
  if (paths.length !== 1)
    throw new BenchError(`${tool.name} restored ${paths.length} files instead of "${original}"`)
  if (!readFileSync(join(target, paths[0])).equals(readFileSync(original)))
    throw new BenchError(`${tool.name} restored other contents than those of "${original}"`)
}
