import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository, Snapshot } from '../../src/index.ts'
import { CataloguedPages } from '../../src/repository/catalogued-pages.ts'
import { findPath } from '../../src/repository/find-entry.ts'
import { engine } from '../support/built-engine.ts'
import { cutTo, flipBit } from '../support/damage.ts'
import { directory, file, makeTree, symlink } from '../support/make-tree.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  cloneRepository,
  namesIn,
  newRepository,
  objectContents,
  pathsOf,
  restoreDifferences,
  restoreTo,
  save,
  type TestRepository,
} from '../support/repositories.ts'
import { scanTree, treeDifferences } from '../support/scan-tree.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

interface Scene {
  readonly repository: TestRepository
  readonly handle: Repository
  readonly source: string
  readonly snapshot: Snapshot
}

async function scene(isEncrypted = false): Promise<Scene> {
  const repository = await newRepository({ isEncrypted })
  const handle = await repository.open()
  const source = scratchFolder(fastFolder)
  makeTree(source, {
    big: file(randomBytesOf('big', 1_100_000)),
    folder: directory({
      deep: directory({ lost: file(randomBytesOf('lost', 1_048_000)), kept: file('kept') }),
      link: symlink('deep/kept'),
      text: file(logLines('text', 200)),
    }),
  })
  const { snapshot } = await save(handle, source, { tags: ['nightly'], description: 'as it was' })
  return { repository, handle, source, snapshot }
}

/** Damages the segment in which a file's first chunk lies, and puts that on record. */
async function loseFile({ handle, repository, snapshot }: Scene, path: string): Promise<void> {
  const found = findPath(handle, snapshot, Buffer.from(path))
  if (found.kind === 'root') throw new Error('That is no file')
  const { page, index } = found
  const place = handle.catalogue.blobs.find(page.chunkId(page.chunkOffsets[index]))
  if (!place) throw new Error('There is no such blob')
  const pack = join(repository.location, 'packs', place.pack.id)
  flipBit(pack, (place.segmentOffset + 7) * 8)
  await engine.check(handle, { readData: { kind: 'all' } })
}

describe.each([false, true])('repair snapshots (encrypted: %s)', (isEncrypted) => {
  it('leaves out what is lost, keeps everything else as it was, and forgets the old one', async () => {
    const at = await scene(isEncrypted)
    const { handle, repository, source, snapshot } = at
    await loseFile(at, 'folder/deep/lost')
    const before = objectContents(repository.location)
    const preview = await engine.repairSnapshots(handle)
    expect(preview).toMatchObject({ isApplied: false, snapshots: 1 })
    const lost = preview.repairs[0].lost.map(({ path }) => path.toString())
    expect(lost).toContain('/folder/deep/lost')
    expect(preview.repairs[0]).toMatchObject({ snapshotId: snapshot.id, replacement: null })
    expect(objectContents(repository.location)).toEqual(before)

    const result = await engine.repairSnapshots(handle, { apply: true })
    const made = result.repairs[0].replacement
    if (!made) throw new Error('There is no new snapshot')
    expect(made).toMatchObject({
      repairedFrom: snapshot.id,
      startedAtMs: snapshot.startedAtMs,
      recordedAtMs: snapshot.recordedAtMs,
      tags: ['nightly', 'repaired'],
      description: expect.stringContaining('as it was; repaired:') as string,
    })
    expect(made.unreadable.map(({ path }) => path)).toEqual(lost)
    expect(engine.listSnapshots(handle).map(({ id }) => id)).toEqual([made.id])
    expect(namesIn(repository.location, 'forgotten')).toEqual([snapshot.id])
    // What is restored is the source without what is named as lost.
    for (const path of lost) rmSync(join(source, path))
    const { target, problems } = await restoreTo(handle, made)
    expect(problems).toEqual([])
    const touched = ['mtime', 'size'] as never[]
    expect(treeDifferences(scanTree(source), scanTree(target), touched)).toEqual([])
    const counts = made.statistics
    expect(counts.files).toBe(snapshot.statistics.files - lost.length)
    // Nothing is left to repair, also after the catalogue is built anew, and a prune works again.
    expect((await engine.check(handle)).damagedSnapshots).toEqual([])
    expect((await engine.repairSnapshots(handle, { apply: true })).repairs).toEqual([])
    await engine.repairPacks(handle, { apply: true })
    await engine.repairCatalogue(handle)
    await engine.prune(handle, { graceMs: 0 })
    expect(await engine.check(handle, { readData: { kind: 'all' } })).toMatchObject({
      damagedObjects: [],
      damagedSnapshots: [],
    })
    expect((await restoreTo(handle, made)).problems).toEqual([])
  })
})

describe('repair snapshots', () => {
  it('does nothing about snapshots that a backup has healed', async () => {
    const at = await scene()
    await loseFile(at, 'folder/deep/lost')
    await save(at.handle, at.source)
    expect(await engine.repairSnapshots(at.handle, { apply: true })).toMatchObject({
      snapshots: 2,
      repairs: [],
    })
    expect(await restoreDifferences(at.handle, at.snapshot, at.source)).toEqual([])
  })

  it('keeps what can be read of a directory whose pages are lost, and says how many entries those had', async () => {
    const repository = await newRepository()
    const handle = await repository.open()
    const source = scratchFolder(fastFolder)
    mkdirSync(join(source, 'many'))
    for (let number = 0; number < 4000; number++) {
      writeFileSync(join(source, 'many', `file ${String(number).padStart(5, '0')}`), '')
    }
    writeFileSync(join(source, 'beside'), 'beside')
    const { snapshot } = await save(handle, source)
    const all = pathsOf(handle, snapshot)
    // Each page goes into a pack of its own, so that one can be lost alone.
    const pages = new Map<string, Buffer>()
    for (const { row } of handle.catalogue.blobs.packs()) {
      for (const { id, length } of handle.catalogue.blobs.blobsOf(row)) {
        const page = handle.catalogue.trees.page(id)
        if (page) pages.set(`${page.level} ${page.entryCount} ${length}`, id)
      }
    }
    const [, lostPage] = [...pages]
      .filter(([key]) => key.startsWith('0 '))
      .sort(([left], [right]) => Number(right.split(' ')[1]) - Number(left.split(' ')[1]))[0]
    const entries = handle.catalogue.trees.page(lostPage)?.entryCount ?? 0
    const lost = new CataloguedPages(handle.catalogue).page(
      handle.catalogue.search.rowOf(lostPage) ?? 0,
    )
    const lostNames = Array.from(
      { length: lost?.entryCount ?? 0 },
      (_, index) => `many/${lost?.name(index).toString()}`,
    )
    const { trees } = handle
    const readTree = trees.readTree.bind(trees)
    handle.forgetTrees = async () => undefined
    trees.readTree = (id, length) => {
      if (lostPage.equals(id)) throw new engine.DamageError('it is lost')
      return readTree(id, length)
    }
    const result = await engine.repairSnapshots(handle, { apply: true })
    expect(result.repairs[0].lost).toMatchObject([{ kind: 'directory', entries }])
    expect(result.repairs[0].lost[0].path.toString()).toBe('/many')
    const made = result.repairs[0].replacement
    if (!made) throw new Error('There is no new snapshot')
    const gone = new Set(lostNames)
    expect(lostNames.length).toBeGreaterThan(100)
    expect(pathsOf(handle, made)).toEqual(all.filter((path) => !gone.has(path)))
  })

  it('makes a snapshot whose object is damaged anew from the catalogue, and names one that nobody knows', async () => {
    const at = await scene()
    const { handle, repository, snapshot, source } = at
    const other = await repository.open()
    await other.close()
    cutTo(join(repository.location, 'snapshots', snapshot.id), 100)
    const result = await engine.repairSnapshots(handle, { apply: true })
    expect(result.repairs).toMatchObject([{ isObjectDamaged: true, lostFiles: 0 }])
    const made = result.repairs[0].replacement
    if (!made) throw new Error('There is no new snapshot')
    expect(await restoreDifferences(handle, made, source)).toEqual([])
    expect((await engine.check(handle)).damagedObjects).toEqual([])

    cutTo(join(repository.location, 'snapshots', made.id), 100)
    await engine.repairCatalogue(handle)
    const unknown = await engine.repairSnapshots(handle, { apply: true })
    expect(unknown.repairs).toMatchObject([
      { snapshotId: made.id, backupId: null, isObjectDamaged: true, replacement: null },
    ])
    expect((await engine.check(handle)).damagedObjects).toEqual([])
  })

  it('that was cut off between the new snapshot and the old one makes no second one', async () => {
    const at = await scene()
    await loseFile(at, 'folder/deep/lost')
    await at.handle.close()
    const clone = cloneRepository(at.repository, scratchFolder(fastFolder))
    const handle = await clone.open()
    await engine.repairSnapshots(handle, { apply: true })
    // The old one is back where it was.
    const snapshots = engine.listSnapshots(handle)
    await engine.undeleteSnapshots(handle, [at.snapshot.id])
    const again = await engine.repairSnapshots(handle, { apply: true })
    expect(again.repairs).toHaveLength(1)
    expect(engine.listSnapshots(handle)).toEqual(snapshots)
  })
})
