import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { removeTree } from './remove-tree.ts'

export { fastFolder } from './fast-folder.ts'

export const isRoot: boolean = process.geteuid?.() === 0

/** A folder that lives as long as the test does. */
export function scratchFolder(parent: string = tmpdir()): string {
  const path = mkdtempSync(join(parent, 'holdfast-'))
  onTestFinished(() => removeTree(path))
  return path
}

/** Mounts a tmpfs for the time of the test; for root only. Call it after `scratchFolder`, whose removal has to come later. */
export function mountTmpfs(path: string, options: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path])
  // Hooks run in reverse order, so the mount goes before the folder.
  onTestFinished(() => {
    execFileSync('umount', ['-l', path])
  })
}

/** Gives one that was mounted another size. */
export function growTmpfs(path: string, size: string): void {
  execFileSync('mount', ['-o', `remount,${size}`, path])
}
