import * as fs from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { posix } from '../../../../src/filesystem/posix/posix.ts'
import { openTarget, type SafeWriter } from '../../../../src/filesystem/write/safe-writer.ts'
import { scratchDirectory, type ScratchDirectory } from '../scratch-directory.ts'

const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
const metadata = { mode: 0o640, ...own, mtimeSec: 1_000_000_000, mtimeNsec: 7 }
const bytes = (text: string): Buffer => Buffer.from(text)

function fixture(onMetadataFailure?: () => void): {
  scratch: ScratchDirectory
  writer: SafeWriter
} {
  const scratch = scratchDirectory()
  fs.mkdirSync(scratch.at('target'))
  fs.writeFileSync(scratch.at('outside'), 'secret', { mode: 0o600 })
  const writer = openTarget(scratch.at('target'), {
    ...(onMetadataFailure && { onMetadataFailure }),
  })
  onTestFinished(() => writer.close())
  return { scratch, writer }
}

describe('what stands in the target', () => {
  it('is read when it is a file, and never through a link', () => {
    const { scratch, writer } = fixture()
    fs.writeFileSync(scratch.at('target', 'file'), 'content')
    fs.symlinkSync('../outside', scratch.at('target', 'link'))
    const fd = writer.openExisting(writer.target, bytes('file'))
    expect(fd).toBeDefined()
    posix.close(fd ?? -1)
    expect(writer.openExisting(writer.target, bytes('link'))).toBeUndefined()
  })

  it('gets metadata when it is a file, and never one that has another name', () => {
    const { scratch, writer } = fixture()
    fs.writeFileSync(scratch.at('target', 'file'), 'content', { mode: 0o600 })
    fs.linkSync(scratch.at('outside'), scratch.at('target', 'also'))
    for (const name of ['file', 'also']) {
      writer.applyToExisting(writer.target, bytes(name), metadata)
    }
    expect(fs.statSync(scratch.at('target', 'file')).mode & 0o7777).toBe(0o640)
    expect(fs.statSync(scratch.at('outside')).mode & 0o7777).toBe(0o600)
  })
})

it('a directory is private while it is filled, whatever the umask', () => {
  const { scratch, writer } = fixture()
  const umask = process.umask(0)
  onTestFinished(() => void process.umask(umask))
  const entered = writer.enterDirectory(writer.target, bytes('new'))
  expect(fs.statSync(scratch.at('target', 'new')).mode & 0o777).toBe(0o700)
  writer.leaveDirectory(entered)
})

it('a large file has its metadata before it has its name', () => {
  let wasThere: boolean | undefined
  const { scratch, writer } = fixture(() => {
    wasThere = fs.existsSync(scratch.at('target', 'file'))
  })
  const file = writer.createLargeFile(writer.target, bytes('file'))
  file.write(bytes('content'), 0, 7, 0)
  // One that the system refuses, so that the moment can be seen.
  const attributes = [{ name: bytes('nonsense.a'), value: bytes('x') }]
  file.commit({ ...metadata, attributes }, 7)
  expect(wasThere).toBe(false)
  expect(fs.existsSync(scratch.at('target', 'file'))).toBe(true)
})
