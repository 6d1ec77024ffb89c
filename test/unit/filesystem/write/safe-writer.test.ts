import * as fs from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { posix } from '../../../../src/filesystem/posix/posix.ts'
import { openTarget } from '../../../../src/filesystem/write/safe-writer.ts'
import { generousAcl } from '../acl.ts'
import { scratchDirectory } from '../scratch-directory.ts'
import {
  bytes,
  expectOutsideUntouched,
  faultOf,
  fixture,
  makers,
  metadata,
  smallFile,
  writeSmall,
} from './writer-fixture.ts'

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
  it('returns to a directory, makes it when it is gone, and follows no link in its place', () => {
    const { scratch, writer } = fixture()
    const path = scratch.at('target', 'directory')
    const partial = `.holdfast-partial-${'0'.repeat(24)}`
    writer.leaveDirectory(writer.enterDirectory(writer.target, bytes('directory')))
    fs.writeFileSync(`${path}/${partial}`, '')
    const again = writer.returnToDirectory(writer.target, bytes('directory'))
    expect(again.isCreated).toBe(false)
    writer.leaveDirectory(again, { ...metadata, mode: 0o751 })
    expect(fs.statSync(path).mode & 0o777).toBe(0o751)
    // Not looked for again; a writer that is new to the directory does.
    expect(fs.readdirSync(path)).toEqual([partial])
    writer.leaveDirectory(writer.enterDirectory(writer.target, bytes('directory')))
    expect(fs.readdirSync(path)).toEqual([])
    fs.rmdirSync(path)
    expect(writer.returnToDirectory(writer.target, bytes('directory')).isCreated).toBe(true)
    fs.rmdirSync(path)
    fs.symlinkSync(scratch.at('outside'), path)
    const fault = faultOf(() => writer.returnToDirectory(writer.target, bytes('directory')))
    expect(fault?.code).toBe('TARGET_UNWRITABLE')
    expectOutsideUntouched(scratch)
  })

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
