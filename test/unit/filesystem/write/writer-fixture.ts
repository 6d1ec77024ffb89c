import * as fs from 'node:fs'
import { expect, onTestFinished } from 'vitest'
import { TargetError } from '../../../../src/foundation/errors.ts'
import type { FileMetadata } from '../../../../src/filesystem/metadata/file-metadata.ts'
import { posix } from '../../../../src/filesystem/posix/posix.ts'
import { openTarget } from '../../../../src/filesystem/write/safe-writer.ts'
import type { SafeWriter, SafeWriterOptions } from '../../../../src/filesystem/write/safe-writer.ts'
import type { DirectoryHandle } from '../../../../src/filesystem/write/held-directories.ts'
import type { SmallFile } from '../../../../src/filesystem/write/small-file-writer.ts'
import { scratchDirectory, type ScratchDirectory } from '../scratch-directory.ts'

export const bytes = (text: string): Buffer => Buffer.from(text)
export const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
export const metadata: FileMetadata = { mode: 0o644, ...own, mtimeSec: 1_000_000_000, mtimeNsec: 7 }

export interface Fixture {
  readonly scratch: ScratchDirectory
  readonly writer: SafeWriter
}

/** A target with a secret beside it that no restore may touch. */
export function fixture(options?: SafeWriterOptions, parent?: string): Fixture {
  const scratch = scratchDirectory(parent)
  fs.mkdirSync(scratch.at('outside'))
  fs.writeFileSync(scratch.at('outside', 'secret'), 'secret', { mode: 0o600 })
  fs.mkdirSync(scratch.at('target'))
  const writer = openTarget(scratch.at('target'), options)
  onTestFinished(() => writer.close())
  return { scratch, writer }
}

export function expectOutsideUntouched(scratch: ScratchDirectory): void {
  const secret = fs.statSync(scratch.at('outside', 'secret'))
  expect(fs.readdirSync(scratch.at('outside'))).toEqual(['secret'])
  expect(fs.readFileSync(scratch.at('outside', 'secret'), 'utf8')).toBe('secret')
  expect([secret.mode & 0o7777, secret.nlink, secret.uid]).toEqual([0o600, 1, own.uid])
  expect(fs.readdirSync(scratch.path).sort()).toEqual(['outside', 'target'])
}

export function smallFile(
  directory: DirectoryHandle,
  name: string | Buffer,
  extra?: object,
): SmallFile {
  const file = { directory, name: Buffer.from(name as string), contentOffset: 0, contentBytes: 7 }
  return { ...file, metadata, ...extra }
}

export function writeSmall(writer: SafeWriter, file: SmallFile): TargetError | undefined {
  return writer.writeSmallFiles([file], bytes('content')).failures[0]?.error
}

export function faultOf(action: () => unknown): TargetError | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (error instanceof TargetError) return error
    throw error
  }
}

function writeLarge(writer: SafeWriter, directory: DirectoryHandle, name: string): void {
  const file = writer.createLargeFile(directory, bytes(name))
  file.write(bytes('content'), 0, 7, 0)
  file.commit(metadata, 7)
}

/** Every way of making an entry, by what it makes. */
export const makers: Record<
  string,
  (writer: SafeWriter, at: DirectoryHandle, name: string) => unknown
> = {
  'a small file': (writer, at, name) => {
    const error = writeSmall(writer, smallFile(at, name))
    if (error !== undefined) throw error
  },
  'a file with attributes': (writer, at, name) => {
    const attributes = [{ name: bytes('user.a'), value: bytes('1') }]
    const error = writeSmall(writer, smallFile(at, name, { metadata: { ...metadata, attributes } }))
    if (error !== undefined) throw error
  },
  'a large file': writeLarge,
  'a symbolic link': (writer, directory, name) =>
    writer.writeSpecialFile({
      directory,
      name: bytes(name),
      metadata,
      content: { type: 'symlink', target: bytes('anywhere') },
    }),
  'a fifo': (writer, directory, name) =>
    writer.writeSpecialFile({
      directory,
      name: bytes(name),
      metadata,
      content: { type: 'fifo' },
    }),
  'a hard link': (writer, directory, name) => {
    const file = smallFile(writer.target, `source-of-${name.length}`, { isLinked: true })
    const created = writer.writeSmallFiles([file], bytes('content')).created.get(0)
    if (created === undefined) throw new Error('the source was not created')
    writer.makeHardLink(directory, bytes(name), created)
  },
  'a directory': (writer, at, name) =>
    writer.leaveDirectory(writer.enterDirectory(at, bytes(name)), metadata),
}

/** What an attacker, or an earlier life, may have left in an entry's place. */
export const obstacles: Record<string, (scratch: ScratchDirectory, path: string) => void> = {
  'a file': (_, path) => fs.writeFileSync(path, 'old'),
  'a link to a file outside': (_, path) => fs.symlinkSync('../outside/secret', path),
  'a link to a directory outside': (_, path) => fs.symlinkSync('../outside', path),
  'a dangling link': (_, path) => fs.symlinkSync('../outside/new', path),
  'a hard link to a file outside': (scratch, path) =>
    fs.linkSync(scratch.at('outside', 'secret'), path),
  'a fifo': (scratch) => {
    const target = posix.openDirectory(scratch.fd, bytes('target'))
    posix.mknodAt(target, bytes('entry'), 0o010600, 0, 0)
    posix.close(target)
  },
}
