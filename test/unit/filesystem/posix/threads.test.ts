import * as fs from 'node:fs'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { loadPosix, posix } from '../../../../src/filesystem/posix/posix.ts'
import { HoldfastError } from '../../../../src/foundation/errors.ts'
import { scratchDirectory } from '../scratch-directory.ts'

const addon = new URL('../../../../src/filesystem/posix/build/Release/posix.node', import.meta.url)

const program = `
const { parentPort, workerData } = require('node:worker_threads')
const posix = require(workerData.addon)
const view = new Uint8Array(workerData.shared)
let entries = 0
for (let round = 0; round < 50; round++) {
  const listing = posix.listDirectory(workerData.fd)
  const own = posix.openDirectory(workerData.fd, Buffer.from('.'))
  entries += posix.listDirectory(own).count
  const records = new Uint8Array(listing.count * 96)
  posix.statEntries(own, listing.names, 0, listing.count, records)
  posix.close(own)
}
const requests = new Int32Array([workerData.fd, 0, 4, 7])
const done = posix.readSmallFiles(
  new Uint8Array(requests.buffer), Buffer.from('file'), new Uint8Array(96), 0, 1, view, workerData.offset)
let code = 'none'
try { posix.openDirectory(workerData.fd, Buffer.from('missing')) } catch (error) { code = error.code }
parentPort.postMessage({ done, code, entries })
`

function runWorker(workerData: object): Promise<{ done: number; code: string; entries: number }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(program, { eval: true, workerData })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

describe('the addon in worker threads', () => {
  it('works in several at once, on shared descriptors and into shared memory', async () => {
    const scratch = scratchDirectory()
    fs.writeFileSync(scratch.at('file'), 'content')
    const shared = new SharedArrayBuffer(64)
    const results = await Promise.all(
      [0, 16, 32].map((offset) => {
        // Each thread lists through its own duplicate of the position, since listing rewinds.
        const fd = posix.openDirectory(scratch.fd, Buffer.from('.'))
        return runWorker({ addon: addon.pathname, fd, shared, offset }).finally(() =>
          posix.close(fd),
        )
      }),
    )
    for (const result of results) expect(result).toEqual({ done: 1, code: 'ENOENT', entries: 50 })
    const text = Buffer.from(shared).toString('latin1')
    expect([0, 16, 32].map((offset) => text.slice(offset, offset + 7))).toEqual([
      'content',
      'content',
      'content',
    ])
  })
})

describe('loadPosix()', () => {
  it('explains what to do when the addon is missing', () => {
    expect.assertions(2)
    try {
      loadPosix('./build/Release/missing.node')
    } catch (error) {
      expect(error).toBeInstanceOf(HoldfastError)
      expect((error as HoldfastError).remedy).toContain('npm rebuild holdfast')
    }
  })
})
