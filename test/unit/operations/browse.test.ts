import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Repository, Snapshot } from '../../../src/index.ts'
import { engine } from '../../support/built-engine.ts'
import {
  directory,
  file,
  makeTree,
  sparseFile,
  special,
  symlink,
  type Tree,
} from '../../support/make-tree.ts'
import { randomBytesOf } from '../../support/random-bytes.ts'
import { codeOf, contentOf, newRepository, save } from '../../support/repositories.ts'
import { fastFolder, scratchFolder } from '../../support/scratch.ts'

const tree: Tree = {
  a: directory({
    b: directory({ c: file('content of c', { mode: 0o640, mtime: [1_000_000_000, 7] }) }),
    empty: directory({}),
    link: symlink('b/c'),
  }),
  '\xff': file('odd name'),
  large: file(randomBytesOf('large', 3_000_000)),
  pipe: special('fifo'),
  sparse: sparseFile(2_000_000, [[1_000_000, Buffer.from('in the middle')]]),
}

async function saved(
  base?: string,
): Promise<{ handle: Repository; snapshot: Snapshot; folder: string }> {
  const folder = scratchFolder(fastFolder)
  makeTree(folder, tree)
  const handle = await (await newRepository()).open()
  const { snapshot } = await save(handle, folder, { base: base ?? folder })
  return { handle, snapshot, folder }
}

function list(
  handle: Repository,
  snapshot: Snapshot,
  path: string | Buffer,
  recursive = false,
): string[] {
  return [...engine.listTree(handle, snapshot, Buffer.from(path as string), { recursive })].map(
    (entry) => entry.path.toString('latin1'),
  )
}

describe('listTree()', () => {
  it('lists one folder, everything below it, or one file', async () => {
    const { handle, snapshot } = await saved()
    expect(list(handle, snapshot, '/')).toEqual(['a', 'large', 'pipe', 'sparse', '\xff'])
    expect(list(handle, snapshot, '')).toEqual(['a', 'large', 'pipe', 'sparse', '\xff'])
    expect(list(handle, snapshot, 'a')).toEqual(['a/b', 'a/empty', 'a/link'])
    expect(list(handle, snapshot, '/a/./b//')).toEqual(['a/b/c'])
    expect(list(handle, snapshot, 'a/empty')).toEqual([])
    expect(list(handle, snapshot, 'a/b/c')).toEqual(['a/b/c'])
    expect(list(handle, snapshot, Buffer.from([255]))).toEqual(['\xff'])
    expect(list(handle, snapshot, 'a', true).sort()).toEqual(['a/b', 'a/b/c', 'a/empty', 'a/link'])
  })

  it('takes absolute paths below the base', async () => {
    const { handle, snapshot, folder } = await saved()
    expect(list(handle, snapshot, `${folder}/a`)).toEqual(['a/b', 'a/empty', 'a/link'])
    const whole = await saved('/')
    const place = whole.folder.slice(1)
    expect(list(whole.handle, whole.snapshot, `${whole.folder}/a/b`)).toEqual([`${place}/a/b/c`])
  })

  it('says what an entry is', async () => {
    const { handle, snapshot } = await saved()
    const [c] = engine.listTree(handle, snapshot, Buffer.from('a/b/c'))
    expect(c).toMatchObject({
      mode: 0o100640,
      size: 12,
      mtimeSeconds: 1_000_000_000,
      mtimeNs: 7,
      isHardLinked: false,
    })
    const [link] = engine.listTree(handle, snapshot, Buffer.from('a/link'))
    expect(link.linkTarget?.toString()).toBe('b/c')
    const a = [...engine.listTree(handle, snapshot, Buffer.from('/'))].find(
      ({ path }) => path.toString() === 'a',
    )
    expect(a?.size).toBe(12)
  })

  it.each(['x', 'a/x', 'a/b/c/d', 'a/link/c', '../a', 'A', '/a/b\0'])(
    'refuses %j, which is not there',
    async (path) => {
      const { handle, snapshot } = await saved()
      const work = (async () => list(handle, snapshot, path))()
      expect(await codeOf(work)).toBe('PATH_NOT_FOUND')
    },
  )
})

describe('dumpFile()', () => {
  it('gives a file as it was, holes as zeros', async () => {
    const { handle, snapshot } = await saved()
    expect(String(await contentOf(handle, snapshot, 'a/b/c'))).toBe('content of c')
    const large = await contentOf(handle, snapshot, 'large')
    expect(large.equals(randomBytesOf('large', 3_000_000))).toBe(true)
    const sparse = await contentOf(handle, snapshot, 'sparse')
    expect(sparse).toHaveLength(2_000_000)
    expect(sparse.subarray(1_000_000, 1_000_013).toString()).toBe('in the middle')
    expect(sparse.subarray(0, 1_000_000).every((byte) => byte === 0)).toBe(true)
  })

  it.each(['/', 'a', 'a/link', 'pipe', 'nothing'])('refuses %j, which is no file', async (path) => {
    const { handle, snapshot } = await saved()
    expect(await codeOf(contentOf(handle, snapshot, path))).toBe('PATH_NOT_FOUND')
  })

  it('waits for a reader that is slow, and can be interrupted meanwhile', async () => {
    const { handle, snapshot } = await saved()
    const slow = new PassThrough({ highWaterMark: 1024 })
    const controller = new AbortController()
    const { signal } = controller
    const work = engine.dumpFile(handle, snapshot, Buffer.from('large'), slow, signal)
    setTimeout(() => controller.abort(), 20)
    await expect(work).rejects.toMatchObject({ name: 'AbortError' })
    expect(slow.readableLength).toBeLessThan(1_000_000)
  })

  it.each([
    ['breaks', new Error('broken'), 'broken'],
    ['goes away', undefined, 'its reader has gone away'],
  ])('ends when the reader %s', async (_way, reason, message) => {
    const { handle, snapshot } = await saved()
    const gone = new PassThrough({ highWaterMark: 1024 })
    gone.on('error', () => undefined)
    const before = gone.listenerCount('close') + gone.listenerCount('drain')
    const work = engine.dumpFile(handle, snapshot, Buffer.from('large'), gone)
    setTimeout(() => gone.destroy(reason), 20)
    await expect(work).rejects.toThrow(message)
    const again = engine.dumpFile(handle, snapshot, Buffer.from('large'), gone)
    await expect(again).rejects.toThrow('gone away')
    expect(gone.listenerCount('close') + gone.listenerCount('drain')).toBe(before)
  })
})
