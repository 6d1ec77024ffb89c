/*
 * What a stranger swaps in between two system calls of the writer. The calls are the real ones; the module is a copy only so that
 * something can happen right behind one of them.
 */
import * as fs from 'node:fs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { TargetError } from '../../../../src/foundation/errors.ts'
import type { FileMetadata } from '../../../../src/filesystem/metadata/file-metadata.ts'
import { AT_FDCWD, posix, type Posix } from '../../../../src/filesystem/posix/posix.ts'
import type { DirectoryHandle } from '../../../../src/filesystem/write/held-directories.ts'
import { openTarget, type SafeWriter } from '../../../../src/filesystem/write/safe-writer.ts'
import { isRoot, scratchDirectory } from '../scratch-directory.ts'

vi.mock(import('../../../../src/filesystem/posix/posix.ts'), async (importOriginal) => {
  const original = await importOriginal()
  const names = Object.getOwnPropertyNames(original.posix) as (keyof Posix)[]
  const copy = Object.fromEntries(names.map((name) => [name, original.posix[name]]))
  return { ...original, posix: copy as unknown as Posix }
})

const metadata: FileMetadata = {
  mode: 0o4755,
  uid: process.geteuid?.() ?? 0,
  gid: process.getegid?.() ?? 0,
  mtimeSec: 1_000_000_000,
  mtimeNsec: 7,
}
const stranger = 4321
const name = Buffer.from('made')

/** A folder of a stranger in the target, and the place in it where an entry is to be made. */
function fixture(): { writer: SafeWriter; theirs: DirectoryHandle; made: string } {
  const scratch = scratchDirectory()
  const folder = scratch.at('target', 'theirs')
  fs.mkdirSync(folder, { recursive: true })
  fs.chownSync(folder, stranger, stranger)
  const writer = openTarget(scratch.at('target'))
  onTestFinished(() => writer.close())
  const theirs = writer.enterDirectory(writer.target, Buffer.from('theirs'))
  return { writer, theirs, made: scratch.at('target', 'theirs', 'made') }
}

/** Runs `swap` once, right behind a system call, as a stranger with good luck would. */
function swapBehind(call: 'mkdirAt' | 'mknodAt', swap: () => void): void {
  const calls = posix as unknown as Record<string, (...args: unknown[]) => void>
  const original = calls[call]
  calls[call] = (...args) => {
    original(...args)
    calls[call] = original
    swap()
  }
}

function faultOf(action: () => unknown): string {
  try {
    action()
    return 'none'
  } catch (error) {
    if (error instanceof TargetError) return error.message
    throw error
  }
}

describe.skipIf(!isRoot)('what root has just made in a folder of a stranger', () => {
  it('is not taken for a directory that was swapped in behind mkdir', () => {
    const { writer, theirs, made } = fixture()
    swapBehind('mkdirAt', () => {
      fs.renameSync(made, `${made}-away`)
      fs.mkdirSync(made)
      fs.chownSync(made, stranger, stranger)
    })
    expect(faultOf(() => writer.enterDirectory(theirs, name))).toContain('belongs to another user')
    expect(fs.statSync(made).uid).toBe(stranger)
    expect(fs.readdirSync(made)).toEqual([])
  })

  it.each([
    [
      'a fifo of theirs',
      (path: string) => {
        posix.mknodAt(AT_FDCWD, Buffer.from(path), fs.constants.S_IFIFO | 0o600, 0, 0)
        fs.chownSync(path, stranger, stranger)
      },
    ],
    ['a file', (path: string) => fs.writeFileSync(path, 'a program of theirs', { mode: 0o600 })],
    [
      'a second name of a file',
      (path: string) => {
        fs.writeFileSync(`${path}-first`, 'a program of theirs', { mode: 0o600 })
        fs.linkSync(`${path}-first`, path)
      },
    ],
  ])('is not taken for %s that was swapped in behind mknod', (_, put) => {
    const { writer, theirs, made } = fixture()
    swapBehind('mknodAt', () => {
      fs.rmSync(made)
      put(made)
    })
    const fifo = { directory: theirs, name, metadata, content: { type: 'fifo' as const } }
    expect(faultOf(() => writer.writeSpecialFile(fifo))).toContain('belongs to another user')
    expect(fs.lstatSync(made).mode & 0o7777).toBe(0o600)
  })
})
