import { execFileSync } from 'node:child_process'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engine } from '../support/built-engine.ts'
import {
  directory,
  file,
  hardLink,
  makeTree,
  sparseFile,
  special,
  symlink,
  type Tree,
} from '../support/make-tree.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  cloneRepository,
  findings,
  letStampsAge,
  newRepository,
  restoreDifferences,
  restoreTo,
  save,
  withThreads,
} from '../support/repositories.ts'
import { scanTree } from '../support/scan-tree.ts'
import { scratchFolder } from '../support/scratch.ts'

const MiB = 1024 * 1024

describe('what is stored', () => {
  it('is nothing when nothing changed, and the tree has the same id', async () => {
    const source = scratchFolder()
    makeTree(source, {
      a: directory({ one: file('1'), two: file(randomBytesOf(2, MiB)) }),
      hole: sparseFile(MiB, [[0, Buffer.from('x')]]),
      name: hardLink('a/one'),
      link: symlink('a'),
      attributes: file('x', { xattrs: { 'user.a': 'b' } }),
    })
    await letStampsAge()
    const repository = await (await newRepository()).open()
    const first = await save(repository, source)
    const second = await save(repository, source)
    expect(second.snapshot.tree).toEqual(first.snapshot.tree)
    expect(second.parent?.id).toBe(first.snapshot.id)
    expect(second.statistics).toMatchObject({
      newFiles: 0,
      changedFiles: 0,
      unchangedFiles: 5,
      dataBlobsAdded: 0,
      treeBlobsAdded: 0,
      storedBytesAdded: 0,
    })
  })

  it('is nothing more when a folder is renamed or copied', async () => {
    const source = scratchFolder()
    const children = { x: file(randomBytesOf('x', 300_000)), y: directory({ z: file('z') }) }
    makeTree(source, { before: directory(children, { mtime: [5, 5] }) })
    await letStampsAge()
    const repository = await (await newRepository()).open()
    await save(repository, source)
    renameSync(join(source, 'before'), join(source, 'after'))
    makeTree(source, { copy: directory(children) })
    await letStampsAge()
    const second = await save(repository, source)
    expect(second.statistics.dataBlobsAdded).toBe(0)
    expect(await restoreDifferences(repository, second.snapshot, source)).toEqual([])
  })

  it('compresses, and grows by what the statistics say', async () => {
    const source = scratchFolder()
    makeTree(source, { log: file(logLines('log', 4 * MiB)) })
    const repository = await (await newRepository()).open()
    const { statistics } = await save(repository, source)
    const status = engine.status(repository)
    expect(statistics.storedBytesAdded).toBe(status.storedBytes)
    expect(status.storedBytes).toBeLessThan(2 * MiB)
    expect(status.uniqueBytes).toBe(statistics.dataBytesAdded + statistics.treeBytesAdded)
  })

  it('is the same tree in two repositories with the same secret', async () => {
    const source = scratchFolder()
    makeTree(source, { a: file(randomBytesOf(9, 900_000)), b: directory({ c: symlink('a') }) })
    await letStampsAge()
    const first = await newRepository()
    const repository = await first.open()
    const { snapshot } = await withThreads(0, () => save(repository, source))
    const folder = scratchFolder()
    const empty = await newRepository()
    const second = cloneRepository(first, folder)
    for (const name of ['packs', 'index', 'snapshots']) {
      rmSync(join(second.location, name), { recursive: true })
    }
    const other = await withThreads(2, async () => save(await second.open(), source))
    expect(other.statistics.dataBlobsAdded).toBeGreaterThan(0)
    expect(other.snapshot.tree).toEqual(snapshot.tree)
    // With another secret every id differs.
    const foreign = await save(await empty.open(), source)
    expect(foreign.snapshot.tree.id).not.toBe(snapshot.tree.id)
  })
})

describe('changes between two snapshots', () => {
  it('are saved: files that became folders, folders that became links, and all the other ways', async () => {
    const kinds: Tree = {
      file: file('content'),
      directory: directory({ inside: file('inside') }),
      symlink: symlink('somewhere'),
      fifo: special('fifo'),
    }
    const before: Record<string, Tree[string]> = {}
    const after: Record<string, Tree[string]> = {}
    for (const [from, old] of Object.entries(kinds)) {
      for (const [to, now] of Object.entries(kinds)) {
        before[`${from} to ${to}`] = old
        after[`${from} to ${to}`] = now
      }
      before[`${from} to nothing`] = old
      after[`nothing to ${from}`] = old
    }
    const source = scratchFolder()
    makeTree(source, { changing: directory(before), unchanged: directory({ x: file('x') }) })
    await letStampsAge()
    const repository = await (await newRepository()).open()
    const first = await save(repository, source)
    const original = scanTree(source)
    execFileSync('rm', ['-r', join(source, 'changing')])
    makeTree(source, { changing: directory(after) })
    const second = await save(repository, source)
    expect(second.statistics.unchangedFiles).toBe(1)
    expect(await restoreDifferences(repository, second.snapshot, source)).toEqual([])
    const { target } = await restoreTo(repository, first.snapshot)
    expect(scanTree(target)).toEqual(original)
    expect(await findings(repository)).toEqual([])
  })

  it('are saved: a changed file in a folder whose own times do not show it', async () => {
    const source = scratchFolder()
    makeTree(source, {
      folder: directory({ a: file('before'), b: file('same') }, { mtime: [9, 9] }),
    })
    await letStampsAge()
    const repository = await (await newRepository()).open()
    await save(repository, source)
    writeFileSync(join(source, 'folder/a'), 'after')
    const second = await save(repository, source)
    expect(second.statistics).toMatchObject({ changedFiles: 1, unchangedFiles: 1, newFiles: 0 })
    expect(await restoreDifferences(repository, second.snapshot, source)).toEqual([])
  })
})
