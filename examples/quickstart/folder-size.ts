import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export interface FolderSize {
  /** Regular files. */
  readonly files: number
  /** Lengths of the regular files, in bytes. */
  readonly bytes: number
}

export function folderSize(folder: string): FolderSize {
  let files = 0
  let bytes = 0
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const stats = lstatSync(join(folder, name))
    if (!stats.isFile()) continue
    files += 1
    bytes += stats.size
  }
  return { files, bytes }
}

/** `67.3 MiB` */
export function inMiB(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
