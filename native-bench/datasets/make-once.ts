import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { diskUsage, type DiskUsage } from '../harness/disk-usage.ts'
import type { PrepareOptions } from './data-set.ts'
import { removeFolder } from './live-folder.ts'

export interface MadeFolder {
  readonly pristineFolder: string
  readonly size: DiskUsage
}

/**
 * Makes generated data, or finds what an earlier run made with equal options.
 * @param generator Its version changes whenever the same seed would give other bytes, so that data
 * of an earlier version are not used on.
 */
export function makeOnce(
  generator: { readonly name: string; readonly version: number },
  options: PrepareOptions,
  fill: (pristineFolder: string) => void,
): MadeFolder {
  const { name, version } = generator
  const folder = join(
    options.benchFolder,
    'data',
    `${name}-g${version}-s${options.seed}-x${options.scale}`,
  )
  const manifestPath = join(folder, 'manifest.json')
  // The manifest is written last: without one, an earlier run was cut off.
  if (!existsSync(manifestPath)) make(folder, fill)
  return {
    pristineFolder: join(folder, 'pristine'),
    size: JSON.parse(readFileSync(manifestPath, 'utf8')) as DiskUsage,
  }
}

function make(folder: string, fill: (pristineFolder: string) => void): void {
  const partialFolder = `${folder}.partial`
  removeFolder(partialFolder)
  removeFolder(folder)
  const pristineFolder = join(partialFolder, 'pristine')
  mkdirSync(pristineFolder, { recursive: true })
  fill(pristineFolder)
  const size = diskUsage(pristineFolder)
  writeFileSync(join(partialFolder, 'manifest.json'), JSON.stringify(size, null, 2))
  renameSync(partialFolder, folder)
}
