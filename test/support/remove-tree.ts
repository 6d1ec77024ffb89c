import { execFileSync } from 'node:child_process'

/** Removes also what Node's own removal cannot name, such as paths above 4,096 bytes. */
export function removeTree(path: string): void {
  execFileSync('chmod', ['-R', 'u+rwX', path])
  execFileSync('rm', ['-rf', '--one-file-system', path])
}
