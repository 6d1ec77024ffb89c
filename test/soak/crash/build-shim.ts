import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/**
 * Compiles `shim.c`, to be preloaded into processes.
 * @returns Path of the library.
 */
export function buildShim(folder: string): string {
  const library = join(folder, 'shim.so')
  const source = join(import.meta.dirname, 'shim.c')
  execFileSync('gcc', ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl'], { stdio: 'pipe' })
  return library
}
