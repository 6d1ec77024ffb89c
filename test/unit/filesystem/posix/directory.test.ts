import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AT_FDCWD, FOLLOW_LINKS, O_PATH, posix } from '../../../../src/filesystem/posix/posix.ts'
import { createStatRecords, readStatus } from '../../../../src/filesystem/posix/stat-record.ts'
import { codeOf, isRoot, packNames, scratchDirectory, unpackNames } from '../scratch-directory.ts'

const bytes = (text: string): Buffer => Buffer.from(text)

/** Any name a Linux file system takes. */
const entryName = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((name) => Buffer.from(name.map((byte) => (byte === 0 || byte === 0x2f ? 0xff : byte))))
  .filter((name) => !name.equals(bytes('.')) && !name.equals(bytes('..')))

describe('listDirectory()', () => {
  it('gives arbitrary names back as bytes, sorted by unsigned bytes', () => {
    const scratch = scratchDirectory()
    let round = 0
    fc.assert(
      fc.property(
        fc.uniqueArray(entryName, { selector: (name) => name.toString('hex') }),
        (all) => {
          const name = bytes(`round-${round++}`)
          posix.mkdirAt(scratch.fd, name, 0o700)
          const fd = posix.openDirectory(scratch.fd, name)
          for (const each of all) posix.close(posix.createFile(fd, each))
          const listing = posix.listDirectory(fd)
          posix.close(fd)
          expect(listing.count).toBe(all.length)
          expect(unpackNames(listing.names)).toEqual([...all].sort(Buffer.compare))
        },
      ),
      { numRuns: 40 },
    )
  })

  it('sorts 10,000 entries whose order in the directory is another one', () => {
    const scratch = scratchDirectory('/dev/shm')
    const expected: string[] = []
    for (let index = 0; index < 10_000; index++) {
      const name = `${(index * 7919) % 10_007}-common-suffix`
      expected.push(name)
      posix.close(posix.createFile(scratch.fd, bytes(name)))
    }
    const listing = posix.listDirectory(scratch.fd)
    expect(listing.count).toBe(10_000)
    expect(unpackNames(listing.names).map(String)).toEqual(expected.sort())
  })

  it('tells names apart that differ only after the eighth byte or in length', () => {
    const scratch = scratchDirectory()
    const names = ['12345678', '12345678a', '12345678B', '1234567', '12345678a\x01', '1234567\xff']
    const expected = names.map((name) => Buffer.from(name, 'latin1')).sort(Buffer.compare)
    for (const name of names) posix.close(posix.createFile(scratch.fd, Buffer.from(name, 'latin1')))
    expect(unpackNames(posix.listDirectory(scratch.fd).names)).toEqual(expected)
  })

  it('starts anew when it is asked twice, and lists an empty directory as empty', () => {
    const scratch = scratchDirectory()
    expect(posix.listDirectory(scratch.fd)).toEqual({ names: Buffer.alloc(0), count: 0 })
    fs.writeFileSync(scratch.at('late'), '')
    expect(unpackNames(posix.listDirectory(scratch.fd).names)).toEqual([bytes('late')])
    expect(unpackNames(posix.listDirectory(scratch.fd).names)).toEqual([bytes('late')])
  })

  it('reports ENOTDIR for the descriptor of a file', () => {
    const scratch = scratchDirectory()
    const fd = posix.createFile(scratch.fd, bytes('file'))
    expect(codeOf(() => posix.listDirectory(fd))).toBe('ENOTDIR')
    posix.close(fd)
  })
})

describe('openDirectory()', () => {
  it('refuses a symbolic link unless it is told to follow', () => {
    const scratch = scratchDirectory()
    fs.mkdirSync(scratch.at('real'))
    fs.symlinkSync('real', scratch.at('link'))
    expect(codeOf(() => posix.openDirectory(scratch.fd, bytes('link')))).toBe('ENOTDIR')
    posix.close(posix.openDirectory(scratch.fd, bytes('link'), FOLLOW_LINKS))
  })

  it('reaches directories below paths of more than 4096 bytes', () => {
    const scratch = scratchDirectory()
    const name = Buffer.alloc(200, 'd')
    const held = [scratch.fd]
    for (let depth = 0; depth < 30; depth++) {
      posix.mkdirAt(held[depth], name, 0o700)
      held.push(posix.openDirectory(held[depth], name))
    }
    posix.close(posix.createFile(held[30], bytes('bottom')))
    expect(unpackNames(posix.listDirectory(held[30]).names)).toEqual([bytes('bottom')])
    for (const fd of held.slice(1)) posix.close(fd)
  })

  it('throws errors that look like those of Node', () => {
    const scratch = scratchDirectory()
    expect.assertions(1)
    try {
      posix.openDirectory(scratch.fd, bytes('missing'))
    } catch (error) {
      expect(error).toMatchObject({
        code: 'ENOENT',
        errno: -2,
        syscall: 'openat',
        message: 'ENOENT: No such file or directory, openat',
      })
    }
  })
})

describe('statEntries()', () => {
  it('describes every type of file as lstat does, and goes on after one that vanished', () => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('file'), 'content')
    fs.mkdirSync(scratch.at('directory'))
    fs.symlinkSync('nowhere', scratch.at('link'))
    posix.mknodAt(scratch.fd, bytes('fifo'), 0o010640, 0, 0)
    const names = ['file', 'gone', 'directory', 'link', 'fifo']
    const packed = packNames(names.map(bytes))
    const records = createStatRecords(names.length)
    expect(posix.statEntries(scratch.fd, packed, 0, names.length, records.bytes)).toBe(
      packed.length,
    )
    for (const [index, name] of names.entries()) {
      const found = readStatus(records.view, index)
      if (name === 'gone') {
        expect(posix.errnoName(found.status)).toBe('ENOENT')
        continue
      }
      const wanted = fs.lstatSync(scratch.at(name), { bigint: true })
      expect(found.status).toBe(0)
      expect(BigInt(found.mode)).toBe(wanted.mode)
      expect(BigInt(found.nlink)).toBe(wanted.nlink)
      expect(BigInt(found.sizeBytes)).toBe(wanted.size)
      expect(BigInt(found.blocks)).toBe(wanted.blocks)
      expect(BigInt(found.inoHigh) * (1n << 32n) + BigInt(found.inoLow)).toBe(wanted.ino)
      expect(BigInt(found.mtimeSec) * 1_000_000_000n + BigInt(found.mtimeNsec)).toBe(wanted.mtimeNs)
      expect(BigInt(found.ctimeSec) * 1_000_000_000n + BigInt(found.ctimeNsec)).toBe(wanted.ctimeNs)
      expect([BigInt(found.uid), BigInt(found.gid)]).toEqual([wanted.uid, wanted.gid])
    }
  })

  it('continues where the last call ended', () => {
    const scratch = scratchDirectory()
    for (const name of ['a', 'bb', 'ccc']) fs.writeFileSync(scratch.at(name), name)
    const listing = posix.listDirectory(scratch.fd)
    const records = createStatRecords(3)
    const next = posix.statEntries(scratch.fd, listing.names, 0, 2, records.bytes)
    expect(posix.statEntries(scratch.fd, listing.names, next, 1, records.bytes, 2 * 96)).toBe(
      listing.names.length,
    )
    expect([0, 1, 2].map((index) => readStatus(records.view, index).sizeBytes)).toEqual([1, 2, 3])
  })

  it('marks a size that no number can hold instead of rounding it', () => {
    // Only tmpfs takes files of this size.
    const scratch = scratchDirectory('/dev/shm')
    execFileSync('truncate', ['--size', '9007199254740993', scratch.at('huge')])
    const records = createStatRecords(1)
    posix.statEntries(scratch.fd, packNames([bytes('huge')]), 0, 1, records.bytes)
    expect(posix.errnoName(readStatus(records.view, 0).status)).toBe('EOVERFLOW')
    expect(codeOf(() => posix.statAt(scratch.fd, bytes('huge'), records.bytes))).toBe('EOVERFLOW')
  })
})

describe('times', () => {
  const cases = [
    [0, 0],
    [-1, 999_999_999],
    [-2_147_483_647, 1],
    [4_102_444_800, 123_456_789],
    [1_700_000_000, 1],
  ]
  it.each(cases)(
    'keeps %d s and %d ns exactly, by name, by descriptor and for links',
    (sec, nsec) => {
      const scratch = scratchDirectory()
      fs.writeFileSync(scratch.at('named'), '')
      fs.symlinkSync('named', scratch.at('link'))
      const fd = posix.createFile(scratch.fd, bytes('open'))
      posix.setTimesAt(scratch.fd, bytes('named'), sec, nsec)
      posix.setTimesAt(scratch.fd, bytes('link'), sec, nsec)
      posix.setTimes(fd, sec, nsec)
      posix.close(fd)
      const records = createStatRecords(1)
      for (const name of ['named', 'link', 'open']) {
        posix.statAt(scratch.fd, bytes(name), records.bytes)
        expect(readStatus(records.view, 0)).toMatchObject({ mtimeSec: sec, mtimeNsec: nsec })
      }
    },
  )
})

describe('names in a directory', () => {
  it('makes, reads, renames and removes entries', () => {
    const scratch = scratchDirectory()
    const target = Buffer.from([0x2e, 0x2e, 0x2f, 0xff, 0x0a])
    posix.symlinkAt(target, scratch.fd, bytes('link'))
    expect(posix.readlinkAt(scratch.fd, bytes('link'))).toEqual(target)
    posix.renameAt(scratch.fd, bytes('link'), scratch.fd, bytes('moved'))
    expect(fs.readdirSync(scratch.path)).toEqual(['moved'])
    posix.mkdirAt(scratch.fd, bytes('directory'), 0o700)
    expect(codeOf(() => posix.unlinkAt(scratch.fd, bytes('directory')))).toBe('EISDIR')
    posix.unlinkAt(scratch.fd, bytes('directory'), true)
    posix.unlinkAt(scratch.fd, bytes('moved'))
    expect(fs.readdirSync(scratch.path)).toEqual([])
  })

  it('reads link targets of 4095 bytes', () => {
    const scratch = scratchDirectory()
    const target = Buffer.alloc(4095, 'x/')
    posix.symlinkAt(target, scratch.fd, bytes('link'))
    expect(posix.readlinkAt(scratch.fd, bytes('link'))).toEqual(target)
  })

  it('links a symbolic link itself, and an open file whatever became of its name', () => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('file'), 'first')
    fs.symlinkSync('file', scratch.at('link'))
    posix.linkAt(scratch.fd, bytes('link'), scratch.fd, bytes('link-2'))
    expect(fs.readlinkSync(scratch.at('link-2'))).toBe('file')
    const fd = posix.openFile(scratch.fd, bytes('file'), O_PATH | fs.constants.O_NOFOLLOW)
    fs.renameSync(scratch.at('file'), scratch.at('elsewhere'))
    fs.writeFileSync(scratch.at('file'), 'impostor')
    posix.linkDescriptor(fd, scratch.fd, bytes('copy'))
    posix.close(fd)
    expect(fs.readFileSync(scratch.at('copy'), 'utf8')).toBe('first')
  })

  it('publishes under a new name only when nobody has it', () => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('one'), '1')
    fs.writeFileSync(scratch.at('two'), '2')
    const publish = (name: string): void =>
      posix.renameNoReplace(scratch.fd, bytes(name), scratch.fd, bytes('final'))
    publish('one')
    expect(codeOf(() => publish('two'))).toBe('EEXIST')
    expect(fs.readFileSync(scratch.at('final'), 'utf8')).toBe('1')
    expect(fs.readdirSync(scratch.path)).toEqual(['final', 'two'])
  })

  it('makes devices for root and reports EPERM to others', () => {
    const scratch = scratchDirectory()
    const make = (): void => posix.mknodAt(scratch.fd, bytes('null'), 0o020600, 1, 3)
    if (!isRoot) {
      expect(codeOf(make)).toBe('EPERM')
      return
    }
    make()
    const records = createStatRecords(1)
    posix.statAt(scratch.fd, bytes('null'), records.bytes)
    expect(readStatus(records.view, 0)).toMatchObject({
      mode: 0o020600,
      rdevMajor: 1,
      rdevMinor: 3,
    })
  })

  it('changes mode and owner without following a link', () => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('file'), '')
    fs.chmodSync(scratch.at('file'), 0o640)
    fs.symlinkSync('file', scratch.at('link'))
    expect(codeOf(() => posix.chmodAt(scratch.fd, bytes('link'), 0o777))).toBe('EOPNOTSUPP')
    posix.chmodAt(scratch.fd, bytes('file'), 0o4711)
    expect(fs.statSync(scratch.at('file')).mode & 0o7777).toBe(0o4711)
    const own = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0]
    const owner = isRoot ? [4_000_000_000, 12345] : own
    posix.chownAt(scratch.fd, bytes('link'), owner[0], owner[1])
    const link = fs.lstatSync(scratch.at('link'))
    const file = fs.lstatSync(scratch.at('file'))
    expect([link.uid, link.gid]).toEqual(owner)
    expect([file.uid, file.gid]).toEqual(own)
  })

  it('follows the final link in statAt() only when told to', () => {
    const scratch = scratchDirectory()
    fs.mkdirSync(scratch.at('directory'))
    fs.symlinkSync('directory', scratch.at('link'))
    const records = createStatRecords(1)
    posix.statAt(AT_FDCWD, bytes(scratch.at('link')), records.bytes)
    expect(readStatus(records.view, 0).mode & 0o170000).toBe(0o120000)
    posix.statAt(AT_FDCWD, bytes(scratch.at('link')), records.bytes, 0, FOLLOW_LINKS)
    expect(readStatus(records.view, 0).mode & 0o170000).toBe(0o040000)
  })
})
