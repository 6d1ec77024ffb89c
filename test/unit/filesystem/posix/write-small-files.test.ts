import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { posix } from '../../../../src/filesystem/posix/posix.ts'
import {
  WRITE_FLAG,
  WRITE_REQUEST_BYTES,
  WRITE_STEPS,
  readWriteResult,
  setWriteRequest,
} from '../../../../src/filesystem/posix/small-file-batch.ts'
import type {
  WriteRequest,
  WriteResult,
} from '../../../../src/filesystem/posix/small-file-batch.ts'
import { codeOf, isRoot, scratchDirectory } from '../scratch-directory.ts'

const addon = new URL('../../../../src/filesystem/posix/build/Release/posix.node', import.meta.url)

interface File extends Partial<WriteRequest> {
  readonly name: string
  readonly content: string
}

function writeBatch(directory: number, files: readonly File[]): WriteResult[] {
  const names = Buffer.from(files.map((file) => file.name).join(''), 'latin1')
  const source = Buffer.from(files.map((file) => file.content).join(''))
  const requests = new Uint8Array(files.length * WRITE_REQUEST_BYTES)
  const view = new DataView(requests.buffer)
  let nameOffset = 0
  let contentOffset = 0
  for (const [index, { name, content, ...request }] of files.entries()) {
    const contentBytes = Buffer.byteLength(content)
    setWriteRequest(view, index, {
      directory,
      nameOffset,
      nameBytes: name.length,
      contentOffset,
      contentBytes,
      mode: 0o644,
      uid: process.geteuid?.() ?? 0,
      gid: process.getegid?.() ?? 0,
      mtimeSec: 1,
      mtimeNsec: 0,
      flags: WRITE_FLAG.chmod | WRITE_FLAG.times | WRITE_FLAG.chown,
      ...request,
    })
    nameOffset += name.length
    contentOffset += contentBytes
  }
  const failures = posix.writeSmallFiles(requests, names, source, 0, files.length)
  const results = files.map((_, index) => readWriteResult(view, index))
  expect(failures).toBe(results.filter((result) => result.step !== 'none').length)
  return results
}

describe('writeSmallFiles()', () => {
  it('writes contents, modes and nanosecond times, and tells each inode', () => {
    const scratch = scratchDirectory()
    const files = [
      { name: 'plain', content: 'one', mode: 0o640, mtimeSec: -3, mtimeNsec: 999_999_999 },
      { name: 'empty', content: '', mode: 0o400, mtimeSec: 4_102_444_800, mtimeNsec: 1 },
      { name: '\xff\xfe', content: 'bytes', mode: 0o100755, mtimeSec: 5, mtimeNsec: 6 },
    ]
    const results = writeBatch(scratch.fd, files)
    for (const [index, file] of files.entries()) {
      const path = Buffer.concat([
        Buffer.from(`${scratch.path}/`),
        Buffer.from(file.name, 'latin1'),
      ])
      const status = fs.statSync(path, { bigint: true })
      expect(results[index].step).toBe('none')
      expect(fs.readFileSync(path, 'utf8')).toBe(file.content)
      expect(Number(status.mode) & 0o7777).toBe(file.mode & 0o7777)
      expect(status.mtimeNs).toBe(BigInt(file.mtimeSec) * 1_000_000_000n + BigInt(file.mtimeNsec))
      expect(BigInt(results[index].inoHigh) * (1n << 32n) + BigInt(results[index].inoLow)).toBe(
        status.ino,
      )
    }
  })

  it('keeps a file private, whatever the umask, until it is told a mode', () => {
    const scratch = scratchDirectory()
    const previous = process.umask(0)
    writeBatch(scratch.fd, [{ name: 'file', content: 'x', mode: 0o777, flags: 0 }])
    process.umask(previous)
    expect(fs.statSync(scratch.at('file')).mode & 0o7777).toBe(0o600)
  })

  it('gives a hidden file its very mode and owner, whatever the umask', () => {
    const scratch = scratchDirectory()
    const modes = [
      0o644, 0o755, 0o600, 0o664, 0o640, 0o604, 0o070, 0o444, 0, 0o4755, 0o2755, 0o1777,
    ]
    const owner = isRoot ? { uid: 54_321, gid: 12_345 } : {}
    const flags = WRITE_FLAG.hidden | WRITE_FLAG.chmod | WRITE_FLAG.chown
    for (const umask of [0, 0o022, 0o077, 0o777]) {
      const previous = process.umask(umask)
      const files = modes.map((mode) => ({ name: `${umask}-${mode}`, content: 'x', mode, flags }))
      const results = writeBatch(scratch.fd, [
        ...files,
        ...files.map((file) => ({ ...file, ...owner, name: `of-another-${file.name}` })),
      ])
      process.umask(previous)
      expect(results.filter(({ step }) => step !== 'none')).toEqual([])
      for (const { name, mode } of files) {
        for (const path of [name, `of-another-${name}`]) {
          const status = fs.statSync(scratch.at(path))
          expect([path, status.mode & 0o7777]).toEqual([path, mode])
          if (isRoot && path !== name) expect([status.uid, status.gid]).toEqual([54_321, 12_345])
        }
      }
    }
  })

  it('keeps also a hidden file private when it is told no mode', () => {
    const scratch = scratchDirectory()
    const previous = process.umask(0)
    writeBatch(scratch.fd, [{ name: 'file', content: 'x', mode: 0o777, flags: WRITE_FLAG.hidden }])
    process.umask(previous)
    expect(fs.statSync(scratch.at('file')).mode & 0o7777).toBe(0o600)
  })

  it('refuses what exists unless told to replace it, and then never writes through it', () => {
    const scratch = scratchDirectory()
    const victim = scratch.at('victim')
    fs.writeFileSync(victim, 'precious')
    fs.symlinkSync('victim', scratch.at('symlink'))
    fs.linkSync(victim, scratch.at('hardlink'))
    posix.mknodAt(scratch.fd, Buffer.from('fifo'), 0o010600, 0, 0)
    const names = ['symlink', 'hardlink', 'fifo']
    const refused = writeBatch(
      scratch.fd,
      names.map((name) => ({ name, content: 'new' })),
    )
    expect(refused.map(({ errno }) => posix.errnoName(errno))).toEqual([
      'EEXIST',
      'EEXIST',
      'EEXIST',
    ])
    const flags = WRITE_FLAG.chmod | WRITE_FLAG.replace
    writeBatch(
      scratch.fd,
      names.map((name) => ({ name, content: 'new', flags })),
    )
    for (const name of names) {
      expect(fs.lstatSync(scratch.at(name)).isFile()).toBe(true)
      expect(fs.readFileSync(scratch.at(name), 'utf8')).toBe('new')
    }
    expect(fs.readFileSync(victim, 'utf8')).toBe('precious')
    expect(fs.statSync(victim).mode & 0o777).not.toBe(0o444)
  })

  it('never removes a directory', () => {
    const scratch = scratchDirectory()
    fs.mkdirSync(scratch.at('directory'))
    const [result] = writeBatch(scratch.fd, [
      { name: 'directory', content: 'x', flags: WRITE_FLAG.replace },
    ])
    expect(result.step).toBe('remove')
    expect(fs.statSync(scratch.at('directory')).isDirectory()).toBe(true)
  })

  it('refuses names that lead elsewhere and goes on with the next file', () => {
    const scratch = scratchDirectory()
    fs.mkdirSync(scratch.at('inside'))
    const inside = posix.openDirectory(scratch.fd, Buffer.from('inside'))
    const names = ['../escape', 'a/b', '.', '..', 'nul\0', '/absolute']
    const results = writeBatch(inside, [
      ...names.map((name) => ({ name, content: 'x' })),
      { name: 'good', content: 'y' },
    ])
    posix.close(inside)
    expect(results.map(({ step }) => step)).toEqual([...names.map(() => 'name'), 'none'])
    expect(fs.readdirSync(scratch.path)).toEqual(['inside'])
    expect(fs.readdirSync(scratch.at('inside'))).toEqual(['good'])
  })

  it('leaves no partial file behind when a write fails half way', () => {
    const scratch = scratchDirectory()
    const program = `
      const posix = require(${JSON.stringify(addon.pathname)})
      const directory = posix.openDirectory(-100, Buffer.from(${JSON.stringify(scratch.path)}))
      const requests = new Int32Array(${WRITE_REQUEST_BYTES / 4})
      requests.set([directory, 0, 4, 0, 65536])
      const bytes = new Uint8Array(requests.buffer)
      posix.writeSmallFiles(bytes, Buffer.from('file'), Buffer.alloc(65536), 0, 1)
      console.log(posix.errnoName(requests[12]), requests[13])`
    // The limit counts in units of 512 bytes; the first 4096 bytes are written, the rest fails.
    const script = 'ulimit -f 8 && exec "$0" -e "$1"'
    const output = execFileSync('sh', ['-c', script, process.execPath, program], {
      encoding: 'utf8',
    })
    expect(output).toBe(`EFBIG ${WRITE_STEPS.indexOf('write')}\n`)
    expect(fs.readdirSync(scratch.path)).toEqual([])
  })

  it('reports a directory that is gone', () => {
    const [result] = writeBatch(1_999_999_999, [{ name: 'file', content: 'x' }])
    expect([result.step, posix.errnoName(result.errno)]).toEqual(['create', 'EBADF'])
  })

  it('gives the file to its owner, or keeps set-id bits from a stranger', () => {
    const scratch = scratchDirectory()
    const [result] = writeBatch(scratch.fd, [
      { name: 'setuid', content: 'x', mode: 0o6755, uid: 54_321, gid: 12_345 },
    ])
    const status = fs.statSync(scratch.at('setuid'))
    if (isRoot) {
      expect(result.step).toBe('none')
      expect([status.uid, status.gid]).toEqual([54_321, 12_345])
      expect(status.mode & 0o7777).toBe(0o6755)
    } else {
      expect([result.step, posix.errnoName(result.errno)]).toEqual(['chown', 'EPERM'])
      expect(status.mode & 0o7777).toBe(0o755)
    }
  })

  it.runIf(isRoot)('keeps set-id bits from a file whose owner is refused', () => {
    const scratch = scratchDirectory()
    fs.chmodSync(scratch.path, 0o777)
    process.seteuid?.(12_345)
    let result: WriteResult
    try {
      const file = { name: 'setuid', content: 'x', mode: 0o6755, uid: 54_321, gid: 12_345 }
      ;[result] = writeBatch(scratch.fd, [file])
    } finally {
      process.seteuid?.(0)
    }
    expect([result.step, posix.errnoName(result.errno)]).toEqual(['chown', 'EPERM'])
    expect(fs.statSync(scratch.at('setuid')).mode & 0o7777).toBe(0o755)
  })

  it('removes an inherited ACL when asked to', () => {
    const scratch = scratchDirectory()
    // Version 2, then (tag, permissions, id): owner rwx, user 1000 rwx, group r-x, mask rwx, others none.
    const entries = [1, 7, -1, 2, 7, 1000, 4, 5, -1, 16, 7, -1, 32, 0, -1]
    const acl = Buffer.alloc(4 + 5 * 8)
    acl.writeUInt32LE(2, 0)
    for (let entry = 0; entry < 5; entry++) {
      acl.writeUInt16LE(entries[entry * 3], 4 + entry * 8)
      acl.writeUInt16LE(entries[entry * 3 + 1], 6 + entry * 8)
      acl.writeInt32LE(entries[entry * 3 + 2], 8 + entry * 8)
    }
    posix.setXattr(scratch.fd, Buffer.from('system.posix_acl_default'), acl)
    writeBatch(scratch.fd, [
      { name: 'inherits', content: 'x' },
      { name: 'cleared', content: 'x', flags: WRITE_FLAG.chmod | WRITE_FLAG.clearAcl },
    ])
    expect(posix.getXattrsAt(scratch.fd, Buffer.from('inherits'))).toHaveLength(1)
    expect(posix.getXattrsAt(scratch.fd, Buffer.from('cleared'))).toEqual([])
    expect(fs.statSync(scratch.at('cleared')).mode & 0o777).toBe(0o644)
  })

  it('refuses requests that point outside their buffers', () => {
    const scratch = scratchDirectory()
    const outside = [
      { name: 'a', content: 'x', contentBytes: 2 },
      { name: 'a', content: 'x', contentOffset: 0xffff_ffff, contentBytes: 0xffff_ffff },
      { name: 'a', content: 'x', nameBytes: 2 },
      { name: 'a', content: 'x', nameOffset: 0xffff_ffff },
    ]
    for (const file of outside) expect(() => writeBatch(scratch.fd, [file])).toThrow(RangeError)
    expect(() =>
      posix.writeSmallFiles(new Uint8Array(71), Buffer.alloc(1), Buffer.alloc(1), 0, 1),
    ).toThrow(RangeError)
    expect(codeOf(() => fs.readdirSync(scratch.at('a')))).toBe('ENOENT')
  })
})
