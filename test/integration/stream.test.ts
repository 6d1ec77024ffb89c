import { Readable } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Repository, Snapshot } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { file, makeTree } from '../support/make-tree.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import {
  codeOf,
  contentOf,
  findings,
  newRepository,
  objectContents,
  pathsOf,
  save,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

describe('a stream', () => {
  async function saveStream(
    handle: Repository,
    stream: Readable,
    name: string,
    signal?: AbortSignal,
  ): Promise<Snapshot> {
    const { snapshot } = await engine.snapshot(handle, {
      paths: [],
      stdin: { stream, name },
      ...(signal && { signal }),
    })
    if (!snapshot) throw new Error('There is no snapshot')
    return snapshot
  }

  it.each([0, 1, 100_000, 9 * 1024 * 1024])('of %i bytes is saved as a file', async (length) => {
    const content = randomBytesOf('stream', length)
    const pieces: Buffer[] = []
    for (let at = 0; at < length; at += 70_001) pieces.push(content.subarray(at, at + 70_001))
    const handle = await (await newRepository()).open()
    const snapshot = await saveStream(handle, Readable.from(pieces), 'dumps/daily/base.sql')
    expect(pathsOf(handle, snapshot)).toEqual(['dumps', 'dumps/daily', 'dumps/daily/base.sql'])
    const stored = await contentOf(handle, snapshot, 'dumps/daily/base.sql')
    expect(stored.equals(content)).toBe(true)
    expect(snapshot.statistics).toMatchObject({ files: 1, directories: 2, bytes: length })
    expect(snapshot.paths).toEqual(['/dumps/daily/base.sql'])
    expect(await findings(handle)).toEqual([])
  })

  it('that was saved as a file before is not stored again', async () => {
    const folder = scratchFolder(fastFolder)
    const content = randomBytesOf('same', 3_000_000)
    makeTree(folder, { a: file(content) })
    const handle = await (await newRepository()).open()
    await save(handle, folder)
    const snapshot = await saveStream(handle, Readable.from([content]), 'b')
    expect(snapshot.statistics.dataBlobsAdded).toBe(0)
  })

  it.each(['', '/', '.', '..', 'a/../b', 'x'.repeat(256), 'a\0b'])(
    'is refused under the name %j',
    async (name) => {
      const repository = await newRepository()
      const handle = await repository.open()
      const code = await codeOf(saveStream(handle, Readable.from(['x']), name))
      expect(code).toBe('USAGE')
      expect(engine.listSnapshots(handle)).toEqual([])
    },
  )

  it('that breaks gives no snapshot and a typed error', async () => {
    const handle = await (await newRepository()).open()
    const broken = Readable.from(
      (function* () {
        yield Buffer.from('some')
        throw Object.assign(new Error('broken pipe'), { code: 'EPIPE' })
      })(),
    )
    expect(await codeOf(saveStream(handle, broken, 'x'))).toBe('SOURCE_UNREADABLE')
    expect(engine.listSnapshots(handle)).toEqual([])
  })

  it('that gives nothing does not keep an interruption waiting', async () => {
    const repository = await newRepository()
    const handle = await repository.open()
    const stalled = new Readable({ read: () => undefined })
    onTestFinished(() => {
      stalled.destroy()
    })
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 50)
    await expect(saveStream(handle, stalled, 'x', controller.signal)).rejects.toThrow(/abort/i)
    expect(objectContents(repository.location).size).toBe(1)
  })
})
