import * as fs from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TargetError } from '../../../../src/foundation/errors.ts'
import type { FileMetadata } from '../../../../src/filesystem/metadata/file-metadata.ts'
import { posix } from '../../../../src/filesystem/posix/posix.ts'
import { openTarget } from '../../../../src/filesystem/write/safe-writer.ts'
import type { SafeWriter, SafeWriterOptions } from '../../../../src/filesystem/write/safe-writer.ts'
import type { DirectoryHandle } from '../../../../src/filesystem/write/held-directories.ts'
import type { SmallFile } from '../../../../src/filesystem/write/small-file-writer.ts'
import { generousAcl } from '../acl.ts'
import { isRoot, scratchDirectory } from '../scratch-directory.ts'
import type { ScratchDirectory } from '../scratch-directory.ts'

const bytes = (text: string): Buffer => Buffer.from(text)
const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
const metadata: FileMetadata = { mode: 0o644, ...own, mtimeSec: 1_000_000_000, mtimeNsec: 7 }

interface Fixture {
  readonly scratch: ScratchDirectory
  readonly writer: SafeWriter
}

/** A target with a secret beside it that no restore may touch. */
function fixture(options?: SafeWriterOptions, parent?: string): Fixture {
  const scratch = scratchDirectory(parent)
  fs.mkdirSync(scratch.at('outside'))
  fs.writeFileSync(scratch.at('outside', 'secret'), 'secret', { mode: 0o600 })
  fs.mkdirSync(scratch.at('target'))
  const writer = openTarget(scratch.at('target'), options)
  onTestFinished(() => writer.close())
  return { scratch, writer }
}

function expectOutsideUntouched(scratch: ScratchDirectory): void {
  const secret = fs.statSync(scratch.at('outside', 'secret'))
  expect(fs.readdirSync(scratch.at('outside'))).toEqual(['secret'])
  expect(fs.readFileSync(scratch.at('outside', 'secret'), 'utf8')).toBe('secret')
  expect([secret.mode & 0o7777, secret.nlink, secret.uid]).toEqual([0o600, 1, own.uid])
  expect(fs.readdirSync(scratch.path).sort()).toEqual(['outside', 'target'])
}

function smallFile(directory: DirectoryHandle, name: string | Buffer, extra?: object): SmallFile {
  const file = { directory, name: Buffer.from(name as string), contentOffset: 0, contentBytes: 7 }
  return { ...file, metadata, ...extra }
}

function writeSmall(writer: SafeWriter, file: SmallFile): TargetError | undefined {
  return writer.writeSmallFiles([file], bytes('content')).failures[0]?.error
}

function faultOf(action: () => unknown): TargetError | undefined {
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
const makers: Record<string, (writer: SafeWriter, at: DirectoryHandle, name: string) => unknown> = {
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
const obstacles: Record<string, (scratch: ScratchDirectory, path: string) => void> = {
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

describe('openTarget()', () => {
  it('creates the target and what leads to it, private', () => {
    const scratch = scratchDirectory()
    openTarget(scratch.at('a', 'b')).close()
    expect(fs.statSync(scratch.at('a', 'b')).mode & 0o7777).toBe(0o700)
  })

  it('refuses a target that is a file, naming it safely', () => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('file\n'), '')
    const fault = faultOf(() => openTarget(scratch.at('file\n')))
    expect(fault?.message).toContain('file\\n"')
    expect(fault?.code).toBe('TARGET_UNWRITABLE')
  })
})

describe('SafeWriter', () => {
  it('writes a tree with every kind of entry and its metadata', () => {
    const { scratch, writer } = fixture()
    const directory = writer.enterDirectory(writer.target, bytes('directory'))
    expect(fs.statSync(scratch.at('target', 'directory')).mode & 0o777).toBe(0o700)
    for (const [kind, make] of Object.entries(makers)) make(writer, directory, kind)
    const times = { mtimeSec: -5, mtimeNsec: 123_456_789 }
    writer.leaveDirectory(directory, { ...metadata, mode: 0o1751, ...times })
    const at = (name: string): string => scratch.at('target', 'directory', name)
    expect(fs.readdirSync(scratch.at('target', 'directory')).sort()).toEqual(
      Object.keys(makers).sort(),
    )
    for (const kind of ['a small file', 'a file with attributes', 'a large file', 'a hard link']) {
      expect(fs.readFileSync(at(kind), 'utf8'), kind).toBe('content')
    }
    for (const kind of Object.keys(makers)) {
      const status = fs.lstatSync(at(kind), { bigint: true })
      expect(status.mtimeNs, kind).toBe(1_000_000_000_000_000_007n)
      if (kind !== 'a symbolic link') expect(Number(status.mode) & 0o7777, kind).toBe(0o644)
    }
    const status = fs.statSync(scratch.at('target', 'directory'), { bigint: true })
    expect([Number(status.mode) & 0o7777, status.mtimeNs]).toEqual([0o1751, -4_876_543_211n])
    expect(fs.readlinkSync(at('a symbolic link'))).toBe('anywhere')
    expect(fs.lstatSync(at('a hard link')).nlink).toBe(2)
    writer.sync()
  })

  it('gives back names of any bytes', () => {
    const { scratch, writer } = fixture()
    const names = fc.uint8Array({ minLength: 1, maxLength: 255 }).map((name) =>
      // Nothing but NUL and the slash is special to a file system; the prefix keeps clear of `.` and `..`.
      Buffer.from([
        0x5f,
        ...name.slice(1).map((byte) => (byte === 0 || byte === 0x2f ? 0xff : byte)),
      ]),
    )
    fc.assert(
      fc.property(names, (name) => {
        expect(writeSmall(writer, smallFile(writer.target, name))).toBeUndefined()
        const path = Buffer.concat([Buffer.from(`${scratch.at('target')}/`), name])
        expect(fs.readFileSync(path, 'utf8')).toBe('content')
      }),
      { numRuns: 60 },
    )
  })
})

describe('hostile names', () => {
  const names = [
    '',
    '.',
    '..',
    '/',
    'a/b',
    '../outside/secret',
    '/etc/passwd',
    'nul\0',
    'x'.repeat(256),
  ]
  for (const [kind, make] of Object.entries(makers)) {
    it(`are refused for ${kind}`, () => {
      const { scratch, writer } = fixture()
      const inner = writer.enterDirectory(writer.target, bytes('inner'))
      for (const name of names) {
        const fault = faultOf(() => make(writer, inner, name))
        expect(fault?.facts.code, name).toBe('EINVAL')
      }
      expect(fs.readdirSync(scratch.at('target', 'inner'))).toEqual([])
      expectOutsideUntouched(scratch)
    })
  }

  it('and link targets that no link can have are refused, while any other target is kept', () => {
    const { scratch, writer } = fixture()
    const link = (name: string, target: Buffer): unknown =>
      writer.writeSpecialFile({
        directory: writer.target,
        name: bytes(name),
        metadata,
        content: { type: 'symlink', target },
      })
    for (const target of ['', 'nul\0', 'x'.repeat(4096)]) {
      expect(faultOf(() => link('bad', bytes(target)))?.facts.code).toBe('EINVAL')
    }
    for (const target of ['../../../etc/shadow', '/', 'x/'.repeat(2047)])
      link('good', bytes(target))
    expect(fs.readlinkSync(scratch.at('target', 'good'))).toBe('x/'.repeat(2047))
    expectOutsideUntouched(scratch)
  })
})

describe('something in the place of an entry', () => {
  for (const [obstacle, place] of Object.entries(obstacles)) {
    for (const [kind, make] of Object.entries(makers)) {
      if (kind === 'a directory') continue
      it(`${obstacle} is replaced by ${kind} and never written through`, () => {
        const { scratch, writer } = fixture()
        place(scratch, scratch.at('target', 'entry'))
        make(writer, writer.target, 'entry')
        const entry = fs.lstatSync(scratch.at('target', 'entry'))
        if (entry.isFile()) {
          expect(fs.readFileSync(scratch.at('target', 'entry'), 'utf8')).toBe('content')
        } else {
          expect(
            entry.isFIFO() || fs.readlinkSync(scratch.at('target', 'entry')) === 'anywhere',
          ).toBe(true)
        }
        expectOutsideUntouched(scratch)
      })

      it(`${obstacle} stays when ${kind} may not replace it`, () => {
        const { scratch, writer } = fixture({ replaceFiles: false })
        const path = scratch.at('target', 'entry')
        place(scratch, path)
        const before = fs.lstatSync(path)
        expect(faultOf(() => make(writer, writer.target, 'entry'))?.facts.code).toBe('EEXIST')
        expect(fs.lstatSync(path).ino).toBe(before.ino)
        const left = fs.readdirSync(scratch.at('target'))
        expect(left.filter((name) => !name.startsWith('source-of-'))).toEqual(['entry'])
      })
    }

    it(`${obstacle} keeps a directory out, unless obstacles may be replaced`, () => {
      const { scratch, writer } = fixture()
      const path = scratch.at('target', 'entry')
      place(scratch, path)
      const fault = faultOf(() => writer.enterDirectory(writer.target, bytes('entry')))
      expect(fault?.message).toContain('is no directory')
      const bold = openTarget(scratch.at('target'), { replaceObstacles: true })
      const entered = bold.enterDirectory(bold.target, bytes('entry'))
      makers['a small file'](bold, entered, 'inside')
      bold.leaveDirectory(entered, { ...metadata, mode: 0o755 })
      bold.close()
      expect(fs.readFileSync(scratch.at('target', 'entry', 'inside'), 'utf8')).toBe('content')
      expectOutsideUntouched(scratch)
    })
  }

  for (const [kind, make] of Object.entries(makers)) {
    if (kind === 'a directory') continue
    it(`a directory is never replaced by ${kind}`, () => {
      const { scratch, writer } = fixture()
      fs.mkdirSync(scratch.at('target', 'entry'))
      fs.writeFileSync(scratch.at('target', 'entry', 'kept'), '')
      expect(faultOf(() => make(writer, writer.target, 'entry'))).toBeInstanceOf(TargetError)
      expect(fs.readdirSync(scratch.at('target', 'entry'))).toEqual(['kept'])
      const partial = fs.readdirSync(scratch.at('target')).filter((name) => name.startsWith('.'))
      expect(partial).toEqual([])
    })
  }
})

describe('directories', () => {
  it('are entered when they exist, and keep their own metadata unless they get other', () => {
    const { scratch, writer } = fixture()
    fs.mkdirSync(scratch.at('target', 'existing'), { mode: 0o711 })
    const existing = writer.enterDirectory(writer.target, bytes('existing'))
    expect(existing.isCreated).toBe(false)
    writer.leaveDirectory(existing)
    expect(fs.statSync(scratch.at('target', 'existing')).mode & 0o777).toBe(0o711)
    writer.leaveDirectory(writer.enterDirectory(writer.target, bytes('existing')), {
      ...metadata,
      mode: 0o750,
    })
    expect(fs.statSync(scratch.at('target', 'existing')).mode & 0o777).toBe(0o750)
  })

  it('of the owner are written to although they are read-only', () => {
    const { scratch, writer } = fixture()
    fs.mkdirSync(scratch.at('target', 'locked'), { mode: 0o500 })
    const locked = writer.enterDirectory(writer.target, bytes('locked'))
    makers['a small file'](writer, locked, 'inside')
    writer.leaveDirectory(locked)
    expect(fs.statSync(scratch.at('target', 'locked')).mode & 0o777).toBe(0o500)
    expect(fs.readdirSync(scratch.at('target', 'locked'))).toEqual(['inside'])
    fs.chmodSync(scratch.at('target', 'locked'), 0o700)
  })

  it('that were left, or still have something open, are refused as a mistake of the caller', () => {
    const { writer } = fixture()
    const searchable = { ...metadata, mode: 0o755 }
    const outer = writer.enterDirectory(writer.target, bytes('outer'))
    const inner = writer.enterDirectory(outer, bytes('inner'))
    expect(() => writer.leaveDirectory(outer, metadata)).toThrow(TypeError)
    const file = writer.createLargeFile(inner, bytes('file'))
    expect(() => writer.leaveDirectory(inner, metadata)).toThrow(TypeError)
    file.abort()
    writer.leaveDirectory(inner, searchable)
    expect(() => writer.enterDirectory(inner, bytes('late'))).toThrow(TypeError)
    writer.leaveDirectory(outer, searchable)
  })

  it('5,000 deep are written and finished with 64 of them open at a time', () => {
    const { scratch, writer } = fixture({ heldDirectoriesMax: 64 }, '/dev/shm')
    const before = fs.readdirSync('/proc/self/fd').length
    const handles = [writer.target]
    for (let depth = 0; depth < 5000; depth++) {
      handles.push(writer.enterDirectory(handles[depth], bytes('d')))
    }
    expect(fs.readdirSync('/proc/self/fd').length).toBeLessThan(before + 68)
    makers['a small file'](writer, handles[2], 'near the top')
    makers['a large file'](writer, handles[5000], 'at the bottom')
    while (handles.length > 1) writer.leaveDirectory(handles.pop()!, { ...metadata, mode: 0o755 })
    expect(fs.readFileSync(scratch.at('target', 'd', 'd', 'near the top'), 'utf8')).toBe('content')
  })

  it('that were swapped while they were parked are not written to', () => {
    const { scratch, writer } = fixture({ heldDirectoriesMax: 1 })
    const first = writer.enterDirectory(writer.target, bytes('first'))
    const second = writer.enterDirectory(writer.target, bytes('second'))
    fs.renameSync(scratch.at('target', 'first'), scratch.at('target', 'moved'))
    fs.symlinkSync('../outside', scratch.at('target', 'first'))
    expect(writeSmall(writer, smallFile(first, 'file'))?.facts.code).toBe('ENOTDIR')
    fs.unlinkSync(scratch.at('target', 'first'))
    fs.mkdirSync(scratch.at('target', 'first'))
    expect(writeSmall(writer, smallFile(first, 'file'))?.facts.code).toBe('ESTALE')
    writer.leaveDirectory(second)
    expectOutsideUntouched(scratch)
  })

  it('inherit no ACL and hand none on', () => {
    const { scratch, writer } = fixture()
    fs.mkdirSync(scratch.at('target', 'shared'))
    const fd = posix.openDirectory(scratch.fd, bytes('target/shared'))
    posix.setXattr(fd, bytes('system.posix_acl_default'), generousAcl)
    const shared = writer.enterDirectory(writer.target, bytes('shared'))
    expect(shared.hasDefaultAcl).toBe(true)
    const inner = writer.enterDirectory(shared, bytes('inner'))
    for (const [kind, make] of Object.entries(makers)) {
      make(writer, shared, kind)
      expect(
        posix.getXattrsAt(fd, bytes(kind)).filter(({ name }) => !name.equals(bytes('user.a'))),
        kind,
      ).toEqual([])
    }
    expect(posix.getXattrsAt(fd, bytes('inner'))).toEqual([])
    writer.leaveDirectory(inner, metadata)
    writer.leaveDirectory(shared)
    expect(posix.getXattrs(fd)).toHaveLength(1)
    posix.close(fd)
  })

  it('of another file system are refused unless they may be crossed', () => {
    const scratch = scratchDirectory()
    const writer = openTarget('/')
    const fault = faultOf(() => writer.enterDirectory(writer.target, bytes('proc')))
    expect(fault?.facts.code).toBe('EXDEV')
    writer.close()
    const crossing = openTarget('/', { crossMounts: true })
    crossing.leaveDirectory(crossing.enterDirectory(crossing.target, bytes('proc')))
    crossing.close()
    expect(fs.readdirSync(scratch.path)).toEqual([])
  })
})

describe('large files', () => {
  it('keep their holes, and appear only when they are complete', () => {
    const { scratch, writer } = fixture()
    fs.writeFileSync(scratch.at('target', 'file'), 'old')
    const file = writer.createLargeFile(writer.target, bytes('file'))
    file.write(bytes('tail'), 0, 4, 3 * 2 ** 32)
    expect(fs.readFileSync(scratch.at('target', 'file'), 'utf8')).toBe('old')
    const created = file.commit({ ...metadata, mode: 0o400 }, 3 * 2 ** 32 + 2 ** 20)
    const status = fs.statSync(scratch.at('target', 'file'))
    expect([status.size, status.mode & 0o7777]).toEqual([3 * 2 ** 32 + 2 ** 20, 0o400])
    expect(status.blocks * 512).toBeLessThan(65_536)
    expect(created.components.map(String)).toEqual(['file'])
    expect(() => file.write(bytes('x'), 0, 1, 0)).toThrow(TypeError)
    expect(fs.readdirSync(scratch.at('target'))).toEqual(['file'])
  })

  it('are private while they are written and leave nothing when they are aborted', () => {
    const { scratch, writer } = fixture()
    const file = writer.createLargeFile(writer.target, bytes('file'))
    const [partial] = fs.readdirSync(scratch.at('target'))
    expect(fs.statSync(scratch.at('target', partial)).mode & 0o7777).toBe(0o600)
    file.abort()
    file.abort()
    expect(fs.readdirSync(scratch.at('target'))).toEqual([])
  })

  it('of a writer that was killed are swept by the next, those of a living one are not', () => {
    const { scratch, writer } = fixture()
    const living = writer.createLargeFile(writer.target, bytes('file'))
    const [partial] = fs.readdirSync(scratch.at('target'))
    const dead = `${partial.slice(0, -4)}dead`
    fs.writeFileSync(scratch.at('target', dead), 'half')
    fs.writeFileSync(scratch.at('target', `${dead}-of-somebody-else`), 'whole')
    openTarget(scratch.at('target')).close()
    expect(fs.readdirSync(scratch.at('target')).sort()).toEqual(
      [partial, `${dead}-of-somebody-else`].sort(),
    )
    living.commit(metadata, 0)
    expect(fs.existsSync(scratch.at('target', 'file'))).toBe(true)
  })
})

describe('small files', () => {
  it('fail one by one: the rest of the batch is written', () => {
    const { scratch, writer } = fixture()
    fs.mkdirSync(scratch.at('target', 'taken'))
    const names = ['first', 'taken', '../escape', 'last']
    const files = names.map((name) => smallFile(writer.target, name))
    const { failures } = writer.writeSmallFiles(files, bytes('content'))
    const found = failures.map(({ index, error }) => [index, error.facts.code])
    expect(found.sort(([left], [right]) => Number(left) - Number(right))).toEqual([
      [1, 'EISDIR'],
      [2, 'EINVAL'],
    ])
    expect(failures.find(({ index }) => index === 1)?.error.message).toBe(
      `Cannot restore file "${scratch.at('target', 'taken')}": a directory is in its place`,
    )
    expect(fs.readdirSync(scratch.at('target')).sort()).toEqual(['first', 'last', 'taken'])
    expectOutsideUntouched(scratch)
  })

  it('are written in batches of any length, over many directories', () => {
    const { scratch, writer } = fixture({ heldDirectoriesMax: 3 })
    const directories = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) =>
      writer.enterDirectory(writer.target, bytes(name)),
    )
    const source = Buffer.from(Array.from({ length: 4000 }, (_, index) => index & 255))
    const files = Array.from({ length: 600 }, (_, index) =>
      smallFile(directories[index % 6], String(index), {
        contentOffset: index,
        contentBytes: index,
      }),
    )
    expect(writer.writeSmallFiles(files, source).failures).toEqual([])
    for (let index = 0; index < 600; index += 37) {
      const path = scratch.at('target', 'abcdef'[index % 6], String(index))
      expect(fs.readFileSync(path)).toEqual(source.subarray(index, 2 * index))
    }
  })

  it('whose content lies outside the source are a mistake that leaves the writer usable', () => {
    const { scratch, writer } = fixture()
    const good = smallFile(writer.target, 'good')
    const bad = smallFile(writer.target, 'bad', { contentOffset: 1 })
    expect(() => writer.writeSmallFiles([good, bad], bytes('content'))).toThrow(RangeError)
    expect(writer.writeSmallFiles([good], bytes('content')).failures).toEqual([])
    expect(fs.readdirSync(scratch.at('target'))).toEqual(['good'])
  })

  it('are never wider open than 0600 before they are finished', () => {
    const { scratch, writer } = fixture()
    makers['a small file'](writer, writer.target, 'file')
    // The mode of the target's metadata arrives by fchmod, after a umask of zero could have widened creation.
    const previous = process.umask(0)
    const file = writer.createLargeFile(writer.target, bytes('large'))
    const partial = fs.readdirSync(scratch.at('target')).find((name) => name.startsWith('.'))
    expect(fs.statSync(scratch.at('target', partial ?? '')).mode & 0o7777).toBe(0o600)
    file.abort()
    process.umask(previous)
  })
})

describe('hard links', () => {
  it('lead to the very file of this run, after its directory was left and over directories', () => {
    const { scratch, writer } = fixture()
    const inner = writer.enterDirectory(writer.target, bytes('inner'))
    const file = smallFile(inner, 'file', { isLinked: true })
    const created = writer.writeSmallFiles([file], bytes('content')).created.get(0)
    writer.leaveDirectory(inner, { ...metadata, mode: 0o755 })
    writer.makeHardLink(writer.target, bytes('link'), structuredClone(created!))
    expect(fs.statSync(scratch.at('target', 'link')).ino).toBe(
      fs.statSync(scratch.at('target', 'inner', 'file')).ino,
    )
  })

  it('are refused when another file or a link has taken the place of the first name', () => {
    const { scratch, writer } = fixture()
    const file = smallFile(writer.target, 'file', { isLinked: true })
    const created = writer.writeSmallFiles([file], bytes('content')).created.get(0)!
    const attempt = (): unknown =>
      faultOf(() => writer.makeHardLink(writer.target, bytes('link'), created))?.facts.code
    fs.renameSync(scratch.at('target', 'file'), scratch.at('target', 'aside'))
    expect(attempt()).toBe('ENOENT')
    fs.linkSync(scratch.at('outside', 'secret'), scratch.at('target', 'file'))
    expect(attempt()).toBe('ESTALE')
    fs.unlinkSync(scratch.at('target', 'file'))
    fs.symlinkSync('aside', scratch.at('target', 'file'))
    expect(attempt()).toBe('ESTALE')
    fs.unlinkSync(scratch.at('target', 'file'))
    expect(fs.readdirSync(scratch.at('target'))).toEqual(['aside'])
    expectOutsideUntouched(scratch)
  })

  it('to a symbolic link link the link itself', () => {
    const { scratch, writer } = fixture()
    const created = writer.writeSpecialFile({
      directory: writer.target,
      name: bytes('link'),
      metadata,
      content: { type: 'symlink', target: bytes('../outside/secret') },
    })
    writer.makeHardLink(writer.target, bytes('second'), created!)
    expect(fs.readlinkSync(scratch.at('target', 'second'))).toBe('../outside/secret')
    expectOutsideUntouched(scratch)
  })

  it('to nothing the writer has created are a mistake of the caller', () => {
    const { writer } = fixture()
    const identity = writer.target.identity
    for (const components of [[], [bytes('..')], [bytes('a/b')]]) {
      expect(() =>
        writer.makeHardLink(writer.target, bytes('link'), { components, identity }),
      ).toThrow(TypeError)
    }
  })
})

describe('power that a snapshot must not lend', () => {
  const device = (writer: SafeWriter): unknown =>
    writer.writeSpecialFile({
      directory: writer.target,
      name: bytes('device'),
      metadata,
      content: { type: 'characterDevice', major: 1, minor: 3 },
    })

  it('is kept from an untrusted one and counted', () => {
    const { scratch, writer } = fixture({ isUntrusted: true })
    const suid = { ...metadata, mode: 0o4755, uid: own.uid + 1 }
    const attributes = [{ name: bytes('security.capability'), value: Buffer.alloc(20) }]
    writeSmall(writer, smallFile(writer.target, 'suid', { metadata: suid }))
    writeSmall(writer, smallFile(writer.target, 'caps', { metadata: { ...suid, attributes } }))
    expect(device(writer)).toBeUndefined()
    expect(writer.skipped).toEqual({ owner: 2, setIdBits: 2, attributes: 1, devices: 1 })
    for (const name of ['suid', 'caps']) {
      const status = fs.statSync(scratch.at('target', name))
      expect([status.mode & 0o7777, status.uid]).toEqual([0o755, own.uid])
    }
    expect(fs.existsSync(scratch.at('target', 'device'))).toBe(false)
  })

  it('is root to give from a trusted one', () => {
    const { scratch, writer } = fixture()
    device(writer)
    const suid = { ...metadata, mode: 0o4755, uid: 4321 }
    writeSmall(writer, smallFile(writer.target, 'suid', { metadata: suid }))
    const status = fs.statSync(scratch.at('target', 'suid'))
    if (isRoot) {
      expect(fs.statSync(scratch.at('target', 'device')).rdev).toBe(0x103)
      expect([status.mode & 0o7777, status.uid]).toEqual([0o4755, 4321])
    } else {
      expect(writer.skipped).toEqual({ owner: 1, setIdBits: 1, attributes: 0, devices: 1 })
      expect(status.mode & 0o7777).toBe(0o755)
    }
  })

  it('is not lent to a stranger who can swap names in a directory that is his', () => {
    const { scratch, writer } = fixture()
    if (!isRoot) {
      expect(writer.target.isShared).toBe(false)
      return
    }
    fs.mkdirSync(scratch.at('target', 'theirs'))
    fs.chownSync(scratch.at('target', 'theirs'), 4321, 4321)
    const theirs = writer.enterDirectory(writer.target, bytes('theirs'))
    expect(theirs.isShared).toBe(true)
    for (const [kind, make] of Object.entries(makers)) make(writer, theirs, kind)
    writer.leaveDirectory(theirs, { ...metadata, uid: 4321, gid: 4321 })
    expect(fs.readdirSync(scratch.at('target', 'theirs'))).toHaveLength(Object.keys(makers).length)
  })

  it('tells of metadata that the system refuses, by a path that is safe to print', () => {
    const heard: string[] = []
    const { writer } = fixture({
      onMetadataFailure: (path, { step, code }) =>
        heard.push(`${path.split('/').pop()} ${step} ${code}`),
    })
    const attributes = [{ name: bytes('nonsense.a'), value: bytes('x') }]
    const odd = smallFile(writer.target, 'odd\u001b', { metadata: { ...metadata, attributes } })
    const time = smallFile(writer.target, 'time', { metadata: { ...metadata, mtimeNsec: 2 ** 31 } })
    expect(writer.writeSmallFiles([odd, time], bytes('content')).failures).toEqual([])
    expect(heard).toEqual(['odd\\x1b attribute EOPNOTSUPP', 'time times EINVAL'])
  })
})
