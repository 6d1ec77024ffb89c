import { appendFileSync, constants, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { posix } from '../../../../src/filesystem/posix/posix.ts'
import { createChunker } from '../../../../src/format/chunker/chunker.ts'
import { FileContent } from '../../../../src/operations/snapshot/file-content.ts'
import {
  NotRegularError,
  readLargeFile,
  type LargeFileResult,
} from '../../../../src/operations/snapshot/large-file.ts'
import { randomBytesOf } from '../../../support/random-bytes.ts'
import { scratchDirectory } from '../../filesystem/scratch-directory.ts'

const bytes = randomBytesOf('large', 500_000)

function read(
  directory: number,
  name: string,
  onChunk: () => void = () => undefined,
): LargeFileResult {
  const chunker = createChunker({ averageBytes: 16 * 1024 }, Buffer.alloc(32, 7), 1024 * 1024)
  const content = new FileContent(() => Buffer.alloc(32))
  const result = readLargeFile(directory, Buffer.from(name), chunker, content, onChunk)
  posix.close(result.descriptor)
  return result
}

describe('readLargeFile()', () => {
  it('gives what is there, and does not call it changed', () => {
    const { fd, at } = scratchDirectory()
    writeFileSync(at('file'), bytes)
    expect(read(fd, 'file')).toMatchObject({ hasChanged: false, status: { sizeBytes: 500_000 } })
  })

  it('marks one that is written to meanwhile as changed, also when it has the same length', () => {
    const { fd, at } = scratchDirectory()
    writeFileSync(at('file'), bytes)
    expect(read(fd, 'file', () => appendFileSync(at('file'), 'x')).hasChanged).toBe(true)
    writeFileSync(at('file'), bytes)
    const touched = read(fd, 'file', () => writeFileSync(at('file'), bytes, { flag: 'r+' }))
    expect(touched).toMatchObject({ hasChanged: true, status: { sizeBytes: 500_000 } })
  })

  it('reads nothing through a link', () => {
    const { fd, at } = scratchDirectory()
    writeFileSync(at('file'), bytes)
    symlinkSync('file', at('link'))
    expect(() => read(fd, 'link')).toThrow(/ELOOP/)
  })

  it('reads no fifo, and does not wait for one', () => {
    const { fd } = scratchDirectory()
    posix.mknodAt(fd, Buffer.from('fifo'), constants.S_IFIFO | 0o600, 0, 0)
    expect(() => read(fd, 'fifo')).toThrow(NotRegularError)
  })
})
