import * as fs from 'node:fs'
import { Worker } from 'node:worker_threads'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AT_FDCWD, posix } from '../../../../src/filesystem/posix/posix.ts'
import {
  READ_REQUEST_BYTES,
  setReadRequest,
} from '../../../../src/filesystem/posix/small-file-batch.ts'
import {
  READ_FLAG,
  STAT_RECORD_BYTES,
  XATTR_LIST_UNKNOWN,
  createStatRecords,
  readStatus,
} from '../../../../src/filesystem/posix/stat-record.ts'
import type { FileStatus } from '../../../../src/filesystem/posix/stat-record.ts'
import { scratchDirectory } from '../scratch-directory.ts'

/** Node has it; the type library of the language alone does not. */
declare const WebAssembly: {
  readonly Memory: new (pages: { initial: number; maximum?: number; shared?: boolean }) => {
    readonly buffer: ArrayBuffer
  }
}

const sizes = [4096, 1024 * 1024]

/** Gives a file one size and then the other until it is told to stop. */
const resizer = `
const fs = require('node:fs')
const { path, flag, sizes } = require('node:worker_threads').workerData
for (let round = 0; Atomics.load(flag, 0) === 0; round++) fs.truncateSync(path, sizes[round & 1])
`

interface Wanted {
  readonly name: string
  readonly expectedBytes: number
}

interface Batch {
  readonly done: number
  readonly records: readonly FileStatus[]
  readonly contents: readonly Buffer[]
}

function readBatch(directory: number, files: readonly Wanted[], target: Uint8Array): Batch {
  const names = Buffer.from(files.map((file) => file.name).join(''))
  const requests = new Uint8Array(files.length * READ_REQUEST_BYTES)
  const view = new DataView(requests.buffer)
  const records = createStatRecords(files.length)
  let nameOffset = 0
  for (const [index, { name, expectedBytes }] of files.entries()) {
    const nameBytes = Buffer.byteLength(name)
    setReadRequest(view, index, { directory, nameOffset, nameBytes, expectedBytes })
    nameOffset += nameBytes
  }
  const end = files.length
  const done = posix.readSmallFiles(requests, names, records.bytes, 0, end, target)
  const found = Array.from({ length: done }, (_, index) => readStatus(records.view, index))
  let position = 0
  const contents = found.map(({ contentBytes }) => {
    position += contentBytes
    return Buffer.from(target.slice(position - contentBytes, position))
  })
  return { done, records: found, contents }
}

describe('readSmallFiles()', () => {
  it('reads what fs.readFileSync reads, without gaps, and says that there are no attributes', () => {
    const scratch = scratchDirectory()
    let round = 0
    const content = fc.uint8Array({ maxLength: 5000 })
    fc.assert(
      fc.property(fc.array(content, { maxLength: 20 }), (contents) => {
        const files = contents.map((each, index) => {
          const name = `${round}-${index}`
          fs.writeFileSync(scratch.at(name), each)
          return { name, expectedBytes: each.length }
        })
        round++
        const batch = readBatch(scratch.fd, files, Buffer.alloc(120_000))
        expect(batch.done).toBe(files.length)
        for (const [index, { name }] of files.entries()) {
          expect(batch.contents[index]).toEqual(fs.readFileSync(scratch.at(name)))
          expect(batch.records[index]).toMatchObject({ status: 0, flags: 0, xattrListBytes: 0 })
        }
      }),
      { numRuns: 25 },
    )
  })

  const kinds: readonly [string, () => Uint8Array][] = [
    ['a Buffer', () => Buffer.alloc(65_536)],
    ['a SharedArrayBuffer', () => new Uint8Array(new SharedArrayBuffer(65_536))],
    ['a WebAssembly memory', () => new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer)],
    [
      'a shared WebAssembly memory',
      () => new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer),
    ],
  ]
  it.each(kinds)('writes into %s', (_, allocate) => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('a'), 'alpha')
    fs.writeFileSync(scratch.at('b'), 'beta')
    const files = [
      { name: 'a', expectedBytes: 5 },
      { name: 'b', expectedBytes: 4 },
    ]
    expect(readBatch(scratch.fd, files, allocate()).contents.map(String)).toEqual(['alpha', 'beta'])
  })

  it('writes into a view from its own beginning and not past its end', () => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('a'), 'abcdef')
    const whole = Buffer.alloc(32, '.')
    const batch = readBatch(scratch.fd, [{ name: 'a', expectedBytes: 6 }], whole.subarray(8, 15))
    expect(batch.records[0].flags).toBe(0)
    expect(whole.toString('latin1')).toBe('........abcdef' + '.'.repeat(18))
  })

  it('stops before a file that has no room and takes up from there', () => {
    const scratch = scratchDirectory()
    for (const name of ['a', 'b', 'c']) fs.writeFileSync(scratch.at(name), name.repeat(10))
    const files = ['a', 'b', 'c'].map((name) => ({ name, expectedBytes: 10 }))
    expect(readBatch(scratch.fd, files, Buffer.alloc(30)).done).toBe(2)
    expect(readBatch(scratch.fd, files, Buffer.alloc(31)).done).toBe(3)
    expect(readBatch(scratch.fd, files, Buffer.alloc(10)).done).toBe(0)
    expect(readBatch(scratch.fd, files.slice(2), Buffer.alloc(11)).contents.map(String)).toEqual([
      'cccccccccc',
    ])
  })

  it('reads a grown file whole when there is room, and says so when there is none', () => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('grown'), 'x'.repeat(100))
    fs.writeFileSync(scratch.at('next'), 'next')
    const files = [
      { name: 'grown', expectedBytes: 10 },
      { name: 'next', expectedBytes: 4 },
    ]
    const roomy = readBatch(scratch.fd, files, Buffer.alloc(200))
    expect(roomy.records[0]).toMatchObject({ contentBytes: 100, sizeBytes: 100, flags: 0 })
    const tight = readBatch(scratch.fd, files, Buffer.alloc(100))
    expect(tight.records[0]).toMatchObject({ status: 0, contentBytes: 0, flags: READ_FLAG.more })
    expect(tight.contents[1].toString()).toBe('next')
  })

  it('reads a shrunken file as it is now', () => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('file'), 'short')
    const batch = readBatch(scratch.fd, [{ name: 'file', expectedBytes: 500 }], Buffer.alloc(600))
    expect(batch.records[0]).toMatchObject({ contentBytes: 5, sizeBytes: 5, flags: 0 })
  })

  it('notices content beyond the size that the status tells', () => {
    const proc = posix.openDirectory(AT_FDCWD, Buffer.from(`/proc/${process.pid}`))
    const batch = readBatch(proc, [{ name: 'status', expectedBytes: 0 }], Buffer.alloc(100))
    posix.close(proc)
    expect(batch.records[0].flags & READ_FLAG.more).toBe(READ_FLAG.more)
  })

  it('flags a file that shrinks while it is read, and never mistakes its size', async () => {
    const scratch = scratchDirectory('/dev/shm')
    fs.writeFileSync(scratch.at('file'), Buffer.alloc(sizes[1]))
    const flag = new Int32Array(new SharedArrayBuffer(4))
    const workerData = { path: scratch.at('file'), flag, sizes }
    const worker = new Worker(resizer, { eval: true, workerData })
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    const target = Buffer.alloc(sizes[1] + 1)
    const seen = new Set<number>()
    const deadline = performance.now() + 20_000
    while (!seen.has(READ_FLAG.changed) && performance.now() < deadline) {
      const [record] = readBatch(scratch.fd, [{ name: 'file', expectedBytes: 0 }], target).records
      if (record.flags === 0) expect(record.contentBytes).toBe(record.sizeBytes)
      seen.add(record.flags)
    }
    Atomics.store(flag, 0, 1)
    await ended
    expect([...seen]).toContain(READ_FLAG.changed)
  })

  it('goes on after files that vanished or became something else', () => {
    const scratch = scratchDirectory()
    fs.symlinkSync('/etc/passwd', scratch.at('link'))
    fs.mkdirSync(scratch.at('directory'))
    posix.mknodAt(scratch.fd, Buffer.from('fifo'), 0o010600, 0, 0)
    fs.writeFileSync(scratch.at('file'), 'still here')
    const names = ['gone', 'link', 'directory', 'fifo', 'file']
    const files = names.map((name) => ({ name, expectedBytes: 10 }))
    const batch = readBatch(scratch.fd, files, Buffer.alloc(4096))
    expect(batch.done).toBe(5)
    expect(batch.records.slice(0, 4).map(({ status }) => posix.errnoName(status))).toEqual([
      'ENOENT',
      'ELOOP',
      'EINVAL',
      'EINVAL',
    ])
    expect(batch.records[2].flags).toBe(READ_FLAG.notRegular)
    expect(batch.records[3].flags).toBe(READ_FLAG.notRegular)
    expect(batch.contents.map(String)).toEqual(['', '', '', '', 'still here'])
  })

  it('reports the attributes of the files it has open anyway', () => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('with'), 'x')
    const fd = posix.openFile(scratch.fd, Buffer.from('with'), fs.constants.O_RDONLY)
    posix.setXattr(fd, Buffer.from('user.origin'), Buffer.from('here'))
    posix.close(fd)
    const files = [
      { name: 'with', expectedBytes: 1 },
      { name: 'gone', expectedBytes: 1 },
    ]
    const { records } = readBatch(scratch.fd, files, Buffer.alloc(16))
    expect(records[0].xattrListBytes).toBe('user.origin'.length + 1)
    expect(records[1].xattrListBytes).toBe(XATTR_LIST_UNKNOWN)
  })

  it('never leaks a descriptor', () => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('file'), 'x')
    fs.mkdirSync(scratch.at('directory'))
    const files = ['file', 'directory', 'gone'].map((name) => ({ name, expectedBytes: 1 }))
    const before = fs.readdirSync('/proc/self/fd').length
    for (let round = 0; round < 50; round++) readBatch(scratch.fd, files, Buffer.alloc(64))
    expect(fs.readdirSync('/proc/self/fd').length).toBe(before)
  })

  it('refuses ranges outside its buffers and touches nothing then', () => {
    const requests = new Uint8Array(2 * READ_REQUEST_BYTES)
    const records = new Uint8Array(2 * STAT_RECORD_BYTES)
    const target = Buffer.alloc(64)
    const view = new DataView(requests.buffer)
    setReadRequest(view, 0, { directory: 0, nameOffset: 3, nameBytes: 2, expectedBytes: 0 })
    const names = Buffer.from('name')
    const call = (start: number, end: number, offset = 0): number =>
      posix.readSmallFiles(requests, names, records, start, end, target, offset)
    expect(() => call(0, 1)).toThrow(RangeError)
    setReadRequest(view, 0, {
      directory: 0,
      nameOffset: 0xffff_ffff,
      nameBytes: 0xffff_ffff,
      expectedBytes: 0,
    })
    expect(() => call(0, 1)).toThrow(RangeError)
    expect(() => call(0, 3)).toThrow(RangeError)
    expect(() => call(2, 1)).toThrow(RangeError)
    expect(() => call(0, 1, 65)).toThrow(RangeError)
    expect(records.every((byte) => byte === 0)).toBe(true)
    expect(call(2, 2)).toBe(2)
  })
})
