import { appendFileSync, constants, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { closeUnwritten } from '../../../../src/filesystem/posix/close-unwritten.ts'
import { posix } from '../../../../src/filesystem/posix/posix.ts'
import {
  endReading,
  NotRegularError,
  openLargeFile,
  sourceErrno,
} from '../../../../src/operations/snapshot/large-file.ts'
import { randomBytesOf } from '../../../support/random-bytes.ts'
import { codeOf, scratchDirectory } from '../../filesystem/scratch-directory.ts'

const bytes = randomBytesOf('large', 500_000)

/** Opens and looks again, as if all had been read. @returns whether it has changed */
function hasChanged(directory: number, change: () => void, readBytes = bytes.length): boolean {
  const file = openLargeFile(directory, Buffer.from('file'))
  change()
  const end = endReading(file, readBytes)
  closeUnwritten(file.descriptor)
  return end.hasChanged
}

describe('a large file', () => {
  it('has not changed when nothing touched it', () => {
    const { fd, at } = scratchDirectory()
    writeFileSync(at('file'), bytes)
    expect(hasChanged(fd, () => undefined)).toBe(false)
  })

  it('has changed when it was written to, also when it has the same length', () => {
    const { fd, at } = scratchDirectory()
    writeFileSync(at('file'), bytes)
    expect(hasChanged(fd, () => appendFileSync(at('file'), 'x'))).toBe(true)
    writeFileSync(at('file'), bytes)
    expect(hasChanged(fd, () => writeFileSync(at('file'), bytes, { flag: 'r+' }))).toBe(true)
    expect(hasChanged(fd, () => truncateSync(at('file'), 499_999))).toBe(true)
  })

  it('has changed when less of it could be read than there was', () => {
    const { fd, at } = scratchDirectory()
    writeFileSync(at('file'), bytes)
    expect(hasChanged(fd, () => undefined, bytes.length - 1)).toBe(true)
  })

  it('is not read through a link', () => {
    const { fd, at } = scratchDirectory()
    writeFileSync(at('file'), bytes)
    symlinkSync('file', at('link'))
    expect(() => openLargeFile(fd, Buffer.from('link'))).toThrow(/ELOOP/)
  })

  it('is no fifo, and none is waited for', () => {
    const { fd } = scratchDirectory()
    posix.mknodAt(fd, Buffer.from('fifo'), constants.S_IFIFO | 0o600, 0, 0)
    expect(() => openLargeFile(fd, Buffer.from('fifo'))).toThrow(NotRegularError)
  })
})

describe('sourceErrno()', () => {
  it('knows the errors of the file system, and throws all others', () => {
    const { fd } = scratchDirectory()
    const errnoOf = (call: () => unknown): number => {
      try {
        call()
      } catch (error) {
        return sourceErrno(error)
      }
      return 0
    }
    expect(errnoOf(() => openLargeFile(fd, Buffer.from('missing')))).toBe(2)
    expect(errnoOf(() => openLargeFile(fd, Buffer.from('.')))).toBe(22)
    expect(codeOf(() => sourceErrno(Object.assign(new Error('x'), { code: 'MINE' })))).toBe('MINE')
  })
})
