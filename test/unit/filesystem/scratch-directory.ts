import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { AT_FDCWD, posix } from '../../../src/filesystem/posix/posix.ts'

export const isRoot: boolean = process.geteuid?.() === 0

export interface ScratchDirectory {
  readonly path: string
  /** Descriptor of `path`. */
  readonly fd: number
  /** A path below it. */
  at(...parts: string[]): string
}

/** A directory for one test, removed when the test ends. */
export function scratchDirectory(parent: string = tmpdir()): ScratchDirectory {
  const path = mkdtempSync(join(parent, 'holdfast-test-'))
  const fd = posix.openDirectory(AT_FDCWD, Buffer.from(path))
  onTestFinished(() => {
    posix.close(fd)
    // Some tests leave read-only directories, or paths longer than Node's own removal can name.
    execFileSync('chmod', ['-R', 'u+rwX', path])
    execFileSync('rm', ['-rf', path])
  })
  return { path, fd, at: (...parts) => join(path, ...parts) }
}

/** The `code` of what a call throws, or 'none'. */
export function codeOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    return String((error as { code?: unknown }).code)
  }
  return 'none'
}

/** Names as a listing packs them. */
export function packNames(names: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    names.map((name) => Buffer.from([name.length & 255, name.length >> 8, ...name])),
  )
}

/** The names of a listing, one by one. */
export function unpackNames(names: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let offset = 0; offset < names.length;) {
    const length = names.readUInt16LE(offset)
    found.push(names.subarray(offset + 2, offset + 2 + length))
    offset += 2 + length
  }
  return found
}
