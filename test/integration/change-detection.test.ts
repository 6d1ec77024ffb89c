import {
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../src/index.ts'
import { AT_FDCWD, posix } from '../../src/filesystem/posix/posix.ts'
import { engine } from '../support/built-engine.ts'
import { directory, file, makeTree } from '../support/make-tree.ts'
import {
  contentOf,
  findings,
  letStampsAge,
  newRepository,
  restoreDifferences,
  save,
} from '../support/repositories.ts'
import { fastFolder, isRoot, scratchFolder } from '../support/scratch.ts'

interface Scene {
  readonly folder: string
  readonly repository: Repository
  at(name: string): string
}

/** A folder with a file `a` and a companion, saved once with stamps that can be trusted. */
async function savedOnce(): Promise<Scene> {
  const folder = scratchFolder(fastFolder)
  makeTree(folder, {
    a: file('content A'),
    companion: file('other'),
    d: directory({ b: file('b') }),
  })
  await letStampsAge()
  const repository = await (await newRepository()).open()
  await save(repository, folder)
  return { folder, repository, at: (name) => join(folder, name) }
}

describe('a file is read again', () => {
  it.each<[string, (at: Scene['at']) => void]>([
    [
      'whose size and mtime are as before, because somebody has set the time back',
      (at) => {
        const { atime, mtime } = statSync(at('a'))
        writeFileSync(at('a'), 'content B')
        utimesSync(at('a'), atime, mtime)
      },
    ],
    [
      'that was replaced by another one of the same size and time',
      (at) => {
        const { atime, mtime } = statSync(at('a'))
        writeFileSync(at('new'), 'content B')
        utimesSync(at('new'), atime, mtime)
        renameSync(at('new'), at('a'))
      },
    ],
    ['that has another size', (at) => truncateSync(at('a'), 3)],
    ['that has another name', (at) => renameSync(at('a'), at('renamed'))],
    ['that has one more link', (at) => linkSync(at('a'), at('link'))],
    ['that has another mode', (at) => chmodSync(at('a'), 0o600)],
    [
      'that was made anew',
      (at) => {
        const bytes = readFileSync(at('a'))
        rmSync(at('a'))
        writeFileSync(at('a'), bytes)
      },
    ],
  ])('%s', async (_name, change) => {
    const { folder, repository, at } = await savedOnce()
    change(at)
    const { snapshot, statistics } = await save(repository, folder)
    expect(statistics.changedFiles + statistics.newFiles).toBeGreaterThan(0)
    expect(statistics.unchangedFiles).toBe(2)
    expect(await restoreDifferences(repository, snapshot, folder)).toEqual([])
  })

  it.runIf(isRoot)('that has another owner or other attributes', async () => {
    const { folder, repository, at } = await savedOnce()
    chownSync(at('a'), 12, 34)
    const descriptor = posix.openFile(AT_FDCWD, Buffer.from(at('companion')), 0)
    posix.setXattr(descriptor, Buffer.from('user.new'), Buffer.from('x'))
    posix.close(descriptor)
    const { snapshot, statistics } = await save(repository, folder)
    expect(statistics.changedFiles).toBe(2)
    expect(statistics.dataBlobsAdded).toBe(0)
    expect(await restoreDifferences(repository, snapshot, folder)).toEqual([])
  })

  it('when it is written right before, and again right after it was read', async () => {
    const folder = scratchFolder(fastFolder)
    const repository = await (await newRepository()).open()
    const { storage } = repository
    const put = storage.put.bind(storage)
    for (let turn = 0; turn < 20; turn++) {
      // Where the kernel's clock ticks every few milliseconds only, both writings get the same stamps.
      storage.put = async (name, bytes) => {
        if (name.startsWith('locks/')) writeFileSync(join(folder, 'a'), `before ${turn}`.padEnd(20))
        if (name.startsWith('index/')) writeFileSync(join(folder, 'a'), `after ${turn}`.padEnd(20))
        await put(name, bytes)
      }
      const first = await save(repository, folder)
      storage.put = put
      expect(String(await contentOf(repository, first.snapshot, 'a')).trim()).toBe(`before ${turn}`)
      const second = await save(repository, folder)
      expect(String(await contentOf(repository, second.snapshot, 'a')).trim()).toBe(`after ${turn}`)
    }
  })

  it('although its stamps are as before, when they were too fresh at the first reading', async () => {
    const folder = scratchFolder(fastFolder)
    const repository = await (await newRepository()).open()
    const path = join(folder, 'a')
    writeFileSync(path, 'first')
    // Fresh at any reading, however slow the machine is.
    const soon = Date.now() / 1000 + 3600
    utimesSync(path, soon, soon)
    const first = await save(repository, folder)
    expect(first.statistics.newFiles).toBe(1)
    // Nothing changes, and yet nothing may be concluded from that.
    const second = await save(repository, folder)
    expect(second.statistics).toMatchObject({ changedFiles: 1, dataBlobsAdded: 0 })
    utimesSync(path, soon - 7200, soon - 7200)
    await letStampsAge()
    await save(repository, folder)
    const last = await save(repository, folder)
    expect(last.statistics).toMatchObject({ changedFiles: 0, unchangedFiles: 1, treeBlobsAdded: 0 })
  })

  it('as long as its stamps lie in the future', async () => {
    const folder = scratchFolder(fastFolder)
    makeTree(folder, { a: file('x', { mtime: [4_000_000_000, 5] }) })
    await letStampsAge()
    const repository = await (await newRepository()).open()
    const first = await save(repository, folder)
    const second = await save(repository, folder)
    expect(second.statistics).toMatchObject({ changedFiles: 1, storedBytesAdded: 0 })
    expect(second.snapshot.tree).toEqual(first.snapshot.tree)
  })

  it('when everything is to be read, and is not stored again', async () => {
    const { folder, repository } = await savedOnce()
    const { statistics, snapshot, parent } = await save(repository, folder, { readAll: true })
    expect(statistics).toMatchObject({ changedFiles: 3, unchangedFiles: 0, dataBlobsAdded: 0 })
    expect(parent).not.toBe(null)
    expect(snapshot.type).toBe('full')
  })
})

describe('a file is not read again', () => {
  it('when only its access time or that of its folder changed', async () => {
    const { folder, repository, at } = await savedOnce()
    readFileSync(at('a'))
    lutimesSync(at('d'), new Date(5000), new Date(5000))
    const { statistics } = await save(repository, folder)
    expect(statistics).toMatchObject({ changedFiles: 0, unchangedFiles: 3, dataBlobsAdded: 0 })
  })

  it('when other paths are saved than before, as far as they overlap', async () => {
    const { folder, repository } = await savedOnce()
    const { statistics } = await save(repository, folder, { paths: [join(folder, 'd')] })
    expect(statistics).toMatchObject({ unchangedFiles: 1, newFiles: 0 })
  })
})

describe('the parent', () => {
  it('is the newest snapshot of the same host and paths, else of the same host', async () => {
    const { folder, repository, at } = await savedOnce()
    const a = await save(repository, folder, { paths: [at('a')] })
    const d = await save(repository, folder, { paths: [at('d')] })
    const again = await save(repository, folder, { paths: [at('a')] })
    expect(again.parent?.id).toBe(a.snapshot.id)
    const other = await save(repository, folder, { paths: [at('companion')] })
    expect(other.parent?.id).toBe(again.snapshot.id)
    const stranger = await save(repository, folder, { paths: [at('d')], hostname: 'stranger' })
    expect(stranger.parent).toBe(null)
    expect(stranger.snapshot.type).toBe('full')
    const chosen = await save(repository, folder, { paths: [at('d')], parent: d.snapshot })
    expect(chosen.parent?.id).toBe(d.snapshot.id)
    expect(chosen.snapshot.parentId).toBe(d.snapshot.id)
  })

  it('of another kind under the same name is never taken for the file', async () => {
    const { folder, repository, at } = await savedOnce()
    rmSync(at('a'))
    symlinkSync('companion', at('a'))
    rmSync(at('d'), { recursive: true })
    writeFileSync(at('d'), 'now a file')
    const { snapshot } = await save(repository, folder)
    expect(await restoreDifferences(repository, snapshot, folder)).toEqual([])
  })

  it('may be unreadable: then everything is read', async () => {
    const { folder, repository } = await savedOnce()
    const parent = engine.resolveSnapshot(repository, 'latest')
    // The tree pages of the parent are gone; the snapshot and its data are still there.
    const { blobs } = repository.catalogue
    const find = blobs.find.bind(blobs)
    const isTree = (id: Uint8Array): boolean => find(id)?.kind === 1
    blobs.find = (id) => (isTree(id) ? undefined : find(id))
    const { statistics } = await save(repository, folder, { parent })
    blobs.find = find
    expect(statistics).toMatchObject({ newFiles: 3, unchangedFiles: 0, dataBlobsAdded: 0 })
    expect(await findings(repository)).toEqual([])
  })
})
