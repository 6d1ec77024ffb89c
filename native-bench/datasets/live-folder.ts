import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { fractionOf } from './seeded-random.ts'

/** Copies a folder with all metadata to a path where there is nothing yet, or an empty folder. */
export function copyFolder(source: string, target: string): void {
  execFileSync('cp', ['--archive', '--no-target-directory', source, target])
}

/**
 * Copies a folder over another one, which is moved aside and not removed: files removed now would
 * slow down the creation of others for minutes (see `spreadFolders`).
 */
export function replaceFolder(source: string, target: string): void {
  renameSync(target, `${target}.replaced`)
  copyFolder(source, target)
}

/**
 * Makes the file system keep the folders that are made in this one far apart from each other, where
 * it knows how to.
 *
 * ext4 looks at each inode that was removed lately (up to five minutes ago) before it takes a free
 * one, and looks near the parent folder. After a tree of 80,000 files was removed there, the
 * creation of the next one took 25 s to 50 s of system time instead of 3 s: enough to make any
 * comparison of restores worthless.
 */
export function spreadFolders(folder: string): void {
  // Other file systems refuse the flag and do not need it.
  spawnSync('chattr', ['+T', folder], { stdio: 'ignore' })
}

/**
 * Removes a folder and all below; `rm` needs a fifth of the time of Node's own recursive removal.
 */
export function removeFolder(folder: string): void {
  execFileSync('rm', ['-rf', '--', folder])
}

/**
 * Removes a folder so that, as far as possible, later rounds do not feel it.
 *
 * ext4 forgets that an inode was removed lately once the block that held it is written and has left
 * the cache. Leaving it needs root; without, the effect wears off by itself (see `spreadFolders`).
 */
export function removeWithoutTrace(folder: string): void {
  removeFolder(folder)
  execFileSync('sync')
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '1')
  } catch {
    // Not root: the bench goes on, its restores being a little less steady.
  }
}

/** Sets the modification time of every regular file to now. */
export function touchEverything(folder: string): void {
  execFileSync('find', [folder, '-type', 'f', '-exec', 'touch', '--no-create', '{}', '+'])
}

/**
 * Paths of the regular files below a folder, relative to it, in an order that is the same
 * everywhere.
 */
export function listFiles(folder: string): string[] {
  const paths: string[] = []
  const visit = (relativeFolder: string): void => {
    for (const entry of readdirSync(join(folder, relativeFolder), { withFileTypes: true })) {
      const relativePath = join(relativeFolder, entry.name)
      if (entry.isDirectory()) visit(relativePath)
      else if (entry.isFile()) paths.push(relativePath)
    }
  }
  visit('')
  return paths.sort()
}

/** Inserts one line into the middle of some of the files, as an edit does. */
export function editFiles(folder: string, options: { share: number; seed: number }): void {
  for (const path of listFiles(folder)) {
    if (fractionOf(path, options.seed) >= options.share) continue
    const contents = readFileSync(join(folder, path))
    // After the first line that ends in the second half; at the end when there is none.
    const lineEnd = contents.indexOf(10, contents.length >> 1) + 1
    const offsetBytes = lineEnd === 0 ? contents.length : lineEnd
    const line = Buffer.from(`/* edited: ${path} */\n`)
    writeFileSync(
      join(folder, path),
      Buffer.concat([contents.subarray(0, offsetBytes), line, contents.subarray(offsetBytes)]),
    )
  }
}
