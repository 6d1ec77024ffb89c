import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { O_PATH, POSIX_FADVISE, posix } from '../../../../src/filesystem/posix/posix.ts'
import { createStatRecords, readStatus } from '../../../../src/filesystem/posix/stat-record.ts'
import { codeOf, scratchDirectory } from '../scratch-directory.ts'

const bytes = (text: string): Buffer => Buffer.from(text)
const { O_NOATIME, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_CREAT, O_WRONLY } = fs.constants

describe('createFile()', () => {
  it('makes a private file and never opens one that exists, not even through a dangling link', () => {
    const scratch = scratchDirectory()
    fs.symlinkSync(scratch.at('outside'), scratch.at('link'))
    const fd = posix.createFile(scratch.fd, bytes('new'))
    posix.close(fd)
    expect(fs.statSync(scratch.at('new')).mode & 0o7777).toBe(0o600)
    expect(codeOf(() => posix.createFile(scratch.fd, bytes('new')))).toBe('EEXIST')
    expect(codeOf(() => posix.createFile(scratch.fd, bytes('link')))).toBe('EEXIST')
    expect(fs.existsSync(scratch.at('outside'))).toBe(false)
  })
})

describe('read() and write()', () => {
  it('move bytes at positions and in sequence', () => {
    const scratch = scratchDirectory()
    const fd = posix.createFile(scratch.fd, bytes('file'))
    posix.write(fd, bytes('__hello__'), 2, 5, -1)
    posix.write(fd, bytes('world'), 0, 5, 6)
    posix.close(fd)
    expect(fs.readFileSync(scratch.at('file'))).toEqual(bytes('hello\0world'))
    const reader = posix.openFile(scratch.fd, bytes('file'), O_RDONLY | O_NOFOLLOW)
    const target = Buffer.alloc(16, '.')
    expect(posix.read(reader, target, 1, 5, 6)).toBe(5)
    expect(posix.read(reader, target, 8, 8, -1)).toBe(8)
    expect(posix.read(reader, target, 0, 16, 9)).toBe(2)
    expect(posix.read(reader, target, 0, 16, 11)).toBe(0)
    expect(target.toString('latin1')).toBe('ldorld..hello\0wo')
    posix.close(reader)
  })

  it('put and fetch exactly the bytes asked for', () => {
    const scratch = scratchDirectory()
    const content = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 31) & 255))
    fs.writeFileSync(scratch.at('file'), content)
    const fd = posix.openFile(scratch.fd, bytes('file'), O_RDONLY)
    const target = Buffer.alloc(80_000, 7)
    expect(posix.read(fd, target, 10, 69_990, 10)).toBe(69_990)
    expect(target.subarray(10, 70_000)).toEqual(content.subarray(10))
    expect(target.subarray(0, 10)).toEqual(Buffer.alloc(10, 7))
    expect(target.subarray(70_000)).toEqual(Buffer.alloc(10_000, 7))
    posix.close(fd)
  })

  it('report EBADF, EISDIR and a write to a reader', () => {
    const scratch = scratchDirectory()
    const buffer = Buffer.alloc(8)
    expect(codeOf(() => posix.read(2_000_000_000, buffer, 0, 8, 0))).toBe('EBADF')
    expect(codeOf(() => posix.close(2_000_000_000))).toBe('EBADF')
    expect(codeOf(() => posix.read(scratch.fd, buffer, 0, 8, 0))).toBe('EISDIR')
    expect(codeOf(() => posix.write(scratch.fd, buffer, 0, 8, 0))).toBe('EBADF')
  })
})

describe('openFile()', () => {
  it('does not wait for a writer when a fifo stands in place of a file', () => {
    const scratch = scratchDirectory()
    posix.mknodAt(scratch.fd, bytes('fifo'), 0o010600, 0, 0)
    const fd = posix.openFile(scratch.fd, bytes('fifo'), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    const records = createStatRecords(1)
    posix.fstat(fd, records.bytes)
    posix.close(fd)
    expect(readStatus(records.view, 0).mode & 0o170000).toBe(0o010000)
  })

  it('leaves the access time alone with O_NOATIME', () => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('file'), 'content')
    fs.utimesSync(scratch.at('file'), 1, 2)
    const fd = posix.openFile(scratch.fd, bytes('file'), O_RDONLY | O_NOATIME)
    posix.advise(fd, POSIX_FADVISE.sequential)
    posix.read(fd, Buffer.alloc(7), 0, 7, 0)
    posix.close(fd)
    expect(fs.statSync(scratch.at('file')).atimeMs).toBe(1000)
  })

  it('refuses to create, and a link when it is not to follow', () => {
    const scratch = scratchDirectory()
    fs.symlinkSync('/etc/passwd', scratch.at('link'))
    expect(() => posix.openFile(scratch.fd, bytes('new'), O_CREAT | O_WRONLY)).toThrow(RangeError)
    expect(fs.readdirSync(scratch.path)).toEqual(['link'])
    expect(codeOf(() => posix.openFile(scratch.fd, bytes('link'), O_NOFOLLOW))).toBe('ELOOP')
  })

  it('gives descriptors that a child process does not inherit', () => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('file'), '')
    const opened = [
      posix.openFile(scratch.fd, bytes('file'), O_RDONLY),
      posix.createFile(scratch.fd, bytes('new')),
      posix.openDirectory(scratch.fd, bytes('.')),
    ]
    for (const fd of opened) {
      const flags = fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
      expect(Number.parseInt(/flags:\s*(\d+)/.exec(flags)?.[1] ?? '0', 8) & 0o2000000).not.toBe(0)
      posix.close(fd)
    }
  })
})

describe('holes', () => {
  it('are found, and an end without data gives -1', () => {
    const scratch = scratchDirectory()
    const fd = posix.createFile(scratch.fd, bytes('sparse'))
    posix.write(fd, Buffer.alloc(4096, 1), 0, 4096, 1 << 20)
    posix.ftruncate(fd, 8 << 20)
    posix.fsync(fd)
    expect(posix.seekHole(fd, 0)).toBe(0)
    expect(posix.seekData(fd, 0)).toBe(1 << 20)
    expect(posix.seekHole(fd, 1 << 20)).toBe((1 << 20) + 4096)
    expect(posix.seekData(fd, (1 << 20) + 4096)).toBe(-1)
    expect(posix.seekHole(fd, 9 << 20)).toBe(-1)
    const records = createStatRecords(1)
    posix.fstat(fd, records.bytes)
    posix.close(fd)
    const status = readStatus(records.view, 0)
    expect(status.sizeBytes).toBe(8 << 20)
    expect(status.blocks * 512).toBeLessThan(1 << 20)
  })

  it('of a file larger than 4 GiB are addressed exactly', () => {
    const scratch = scratchDirectory('/dev/shm')
    const fd = posix.createFile(scratch.fd, bytes('large'))
    const offset = 5 * 2 ** 32 + 4096
    posix.write(fd, bytes('tail'), 0, 4, offset)
    expect(posix.seekData(fd, 4096)).toBe(offset)
    const records = createStatRecords(1)
    posix.fstat(fd, records.bytes)
    expect(readStatus(records.view, 0).sizeBytes).toBe(offset + 4)
    posix.syncfs(fd)
    posix.close(fd)
  })
})

describe('lock()', () => {
  it('is held against another open of the same file until it is closed', () => {
    const scratch = scratchDirectory()
    const first = posix.createFile(scratch.fd, bytes('lock'))
    const second = posix.openFile(scratch.fd, bytes('lock'), O_RDONLY)
    expect(posix.lock(first)).toBe(true)
    expect(posix.lock(second)).toBe(false)
    posix.close(first)
    expect(posix.lock(second)).toBe(true)
    posix.close(second)
  })
})

describe('O_PATH descriptors', () => {
  it('change times and mode of the very file, and never of what a link names', () => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('victim'), '')
    fs.chmodSync(scratch.at('victim'), 0o640)
    fs.symlinkSync('victim', scratch.at('link'))
    posix.mknodAt(scratch.fd, bytes('fifo'), 0o010600, 0, 0)
    const open = (name: string): number =>
      posix.openFile(scratch.fd, bytes(name), O_PATH | O_NOFOLLOW)
    const [link, fifo] = [open('link'), open('fifo')]
    posix.setTimes(link, -7, 5)
    posix.setTimes(fifo, -8, 6)
    posix.fchmod(fifo, 0o604)
    expect(codeOf(() => posix.fchmod(link, 0o777))).toBe('EOPNOTSUPP')
    posix.fchown(link, process.geteuid?.() ?? 0, process.getegid?.() ?? 0)
    posix.close(link)
    posix.close(fifo)
    const nanoseconds = (name: string): bigint =>
      fs.lstatSync(scratch.at(name), { bigint: true }).mtimeNs
    expect(nanoseconds('link')).toBe(-6_999_999_995n)
    expect(nanoseconds('fifo')).toBe(-7_999_999_994n)
    expect(nanoseconds('victim')).toBeGreaterThan(0n)
    expect(fs.statSync(scratch.at('fifo')).mode & 0o7777).toBe(0o604)
    expect(fs.statSync(scratch.at('victim')).mode & 0o7777).toBe(0o640)
  })
})

describe('raiseFileDescriptorLimit()', () => {
  it('reports a limit that it can report again', () => {
    const limit = posix.raiseFileDescriptorLimit()
    expect(limit).toBeGreaterThanOrEqual(256)
    expect(posix.raiseFileDescriptorLimit()).toBe(limit)
  })
})
