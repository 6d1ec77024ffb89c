import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { O_PATH, posix } from '../../../../src/filesystem/posix/posix.ts'
import {
  XATTR_LIST_UNKNOWN,
  createStatRecords,
  readStatus,
} from '../../../../src/filesystem/posix/stat-record.ts'
import { codeOf, isRoot, packNames, scratchDirectory } from '../scratch-directory.ts'

const bytes = (text: string): Buffer => Buffer.from(text)

function asObject(attributes: readonly { name: Buffer; value: Buffer }[]): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ name, value }) => [name.toString(), value.toString('hex')]),
  )
}

describe('extended attributes', () => {
  it('come back as bytes, the empty and the longest value included', () => {
    const scratch = scratchDirectory()
    const fd = posix.createFile(scratch.fd, bytes('file'))
    const long = Buffer.alloc(2500, 0xab)
    posix.setXattr(fd, bytes('user.empty'), Buffer.alloc(0))
    posix.setXattr(fd, bytes('user.long'), long)
    posix.setXattr(fd, bytes(`user.${'n'.repeat(250)}`), Buffer.from([0, 255]))
    const expected = {
      'user.empty': '',
      'user.long': long.toString('hex'),
      [`user.${'n'.repeat(250)}`]: '00ff',
    }
    expect(asObject(posix.getXattrs(fd))).toEqual(expected)
    expect(asObject(posix.getXattrsAt(scratch.fd, bytes('file')))).toEqual(expected)
    posix.removeXattr(fd, bytes('user.long'))
    expect(asObject(posix.getXattrs(fd))).not.toHaveProperty('user.long')
    expect(codeOf(() => posix.removeXattr(fd, bytes('user.long')))).toBe('ENODATA')
    posix.close(fd)
  })

  it('may be many: a list longer than the first buffer is read whole', () => {
    const scratch = scratchDirectory('/dev/shm')
    const fd = posix.createFile(scratch.fd, bytes('file'))
    const names = Array.from(
      { length: 60 },
      (_, index) => `trusted.${String(index).padStart(40, '0')}`,
    )
    // Every tmpfs takes trusted.* attributes, but only from root.
    const settable = isRoot ? names : []
    for (const name of settable) posix.setXattr(fd, bytes(name), bytes(name))
    const found = posix.getXattrs(fd).map(({ name }) => name.toString())
    expect(found.filter((name) => name.startsWith('trusted.')).sort()).toEqual(settable)
    posix.close(fd)
  })

  it('of a link belong to the link and not to its target', () => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('file'), '')
    const file = posix.openFile(scratch.fd, bytes('file'), fs.constants.O_RDONLY)
    posix.setXattr(file, bytes('user.of-file'), bytes('x'))
    posix.close(file)
    fs.symlinkSync('file', scratch.at('link'))
    expect(posix.getXattrsAt(scratch.fd, bytes('link'))).toEqual([])
    const link = posix.openFile(scratch.fd, bytes('link'), O_PATH | fs.constants.O_NOFOLLOW)
    const set = (): void => posix.setXattr(link, bytes('trusted.of-link'), bytes('y'))
    if (isRoot) {
      set()
      expect(asObject(posix.getXattrs(link))).toEqual({ 'trusted.of-link': '79' })
      expect(asObject(posix.getXattrsAt(scratch.fd, bytes('link')))).toEqual({
        'trusted.of-link': '79',
      })
      posix.removeXattr(link, bytes('trusted.of-link'))
      expect(posix.getXattrs(link)).toEqual([])
    } else {
      expect(codeOf(set)).toBe('EPERM')
    }
    posix.close(link)
  })

  it('are none where the file system has none', () => {
    const fd = fs.openSync('/proc/self/status', 'r')
    expect(posix.getXattrs(fd)).toEqual([])
    fs.closeSync(fd)
  })
})

describe('fillXattrSizes()', () => {
  it('tells for a slice of names which files have attributes and leaves the status alone', () => {
    const scratch = scratchDirectory()
    for (const name of ['with', 'without']) fs.writeFileSync(scratch.at(name), name)
    const fd = posix.openFile(scratch.fd, bytes('with'), fs.constants.O_RDONLY)
    posix.setXattr(fd, bytes('user.a'), bytes('1'))
    posix.close(fd)
    const names = packNames(['gone', 'with', 'without'].map(bytes))
    const records = createStatRecords(3)
    posix.statEntries(scratch.fd, names, 0, 3, records.bytes)
    expect(posix.fillXattrSizes(scratch.fd, names, 0, 3, records.bytes)).toBe(names.length)
    const found = [0, 1, 2].map((index) => readStatus(records.view, index))
    expect(found.map(({ xattrListBytes }) => xattrListBytes)).toEqual([XATTR_LIST_UNKNOWN, 7, 0])
    expect(found.map(({ sizeBytes }) => sizeBytes)).toEqual([0, 4, 7])
  })
})
