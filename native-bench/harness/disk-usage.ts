import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export interface DiskUsage {
  /**
   * Sum of the files' lengths: what a remote store would hold, independent of the local file
   * system's blocks.
   */
  readonly byteCount: number
  readonly fileCount: number
}

/** Counts the files below a folder and their bytes; a folder that does not exist holds nothing. */
export function diskUsage(folder: string): DiskUsage {
  let byteCount = 0
  let fileCount = 0
  const pending = [folder]
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat?.isDirectory()) {
      for (const name of readdirSync(path)) pending.push(join(path, name))
    } else if (stat) {
      byteCount += stat.size
      fileCount += 1
    }
  }
  return { byteCount, fileCount }
}
