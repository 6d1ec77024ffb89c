import { execFileSync } from 'node:child_process'
import { mkdtempSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export const isRoot: boolean = process.geteuid?.() === 0

/** Removes also what Node's own removal cannot name, such as paths above 4,096 bytes. */
export function removeTree(path: string): void {
  execFileSync('chmod', ['-R', 'u+rwX', path])
  execFileSync('rm', ['-rf', '--one-file-system', path])
}

/** A folder that lives as long as the test does. */
export function scratchFolder(parent: string = tmpdir()): string {
  const path = mkdtempSync(join(parent, 'holdfast-'))
  onTestFinished(() => removeTree(path))
  return path
}

/** Memory, where there is enough of it: repositories sync every object, which takes long on a disk that others use, too. */
export const fastFolder: string = hasRoom('/dev/shm') ? '/dev/shm' : tmpdir()

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    // Containers often have 64 MiB there.
    return bavail * bsize > 2 ** 30
  } catch {
    return false
  }
}

/** Mounts a tmpfs for the time of the test; for root only. Call it after `scratchFolder`, whose removal has to come later. */
export function mountTmpfs(path: string, options: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path])
  // Hooks run in reverse order, so the mount goes before the folder.
  onTestFinished(() => {
    execFileSync('umount', ['-l', path])
  })
}
