import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { TargetError } from '../../../../src/foundation/errors.ts'
import { openTarget, type SafeWriter } from '../../../../src/filesystem/write/safe-writer.ts'
import { isRoot } from '../scratch-directory.ts'
import {
  bytes,
  expectOutsideUntouched,
  faultOf,
  fixture,
  makers,
  metadata,
  obstacles,
  own,
  smallFile,
  writeSmall,
} from './writer-fixture.ts'

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
