import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engine } from '../../support/built-engine.ts'
import {
  codeOf,
  findings,
  letStampsAge,
  newRepository,
  objectContents,
  packBytesOf,
  restoreDifferences,
  save,
  withThreads,
} from '../../support/repositories.ts'
import { fastFolder, scratchFolder } from '../../support/scratch.ts'
import { change, copy, mixedFolder, newPair, newRepositoryOfChunks } from './two-repositories.ts'

describe('copySnapshots()', () => {
  it.each([
    { threads: 0, isEncrypted: false },
    { threads: 2, isEncrypted: true },
  ])(
    'copies every kind of entry and content, byte for byte ($threads threads, encrypted: $isEncrypted)',
    async ({ threads, isEncrypted }) => {
      const folder = mixedFolder()
      const { source, target } = await newPair(isEncrypted)
      await withThreads(threads, async () => {
        const { snapshot } = await save(source, folder, { tags: ['kept'], description: 'first' })
        const { snapshots, remarks } = await copy(target, source)
        expect(remarks).toEqual([])
        const [{ outcome, saved }] = snapshots
        expect(outcome).toBe('copied')
        if (!saved) throw new Error('There is no copy')
        expect(await restoreDifferences(target, saved, folder)).toEqual([])
        expect(await findings(target)).toEqual([])
        const { id, tree, leaseId, knownDamage, statistics, ...kept } = snapshot
        expect(saved).toMatchObject({
          ...kept,
          original: { repositoryId: source.repositoryId, snapshotId: id },
        })
        expect(saved.statistics.files).toBe(statistics.files)
        expect([tree.id, leaseId]).not.toContain(saved.tree.id)
        expect(knownDamage).toEqual([])
      })
    },
  )

  it.each([16 * 1024, 128 * 1024, 1024 * 1024])(
    'cuts contents anew for a repository with chunks of %i bytes',
    async (chunkAverageBytes) => {
      const folder = mixedFolder()
      const source = await (await newRepository()).open()
      await save(source, folder)
      const target = await newRepositoryOfChunks(chunkAverageBytes)
      const { snapshots } = await copy(target, source)
      const saved = snapshots[0].saved
      if (!saved) throw new Error('There is no copy')
      expect(await restoreDifferences(target, saved, folder)).toEqual([])
      expect(await findings(target)).toEqual([])
      await target.close()
    },
  )

  it('stores what a backup of the same files would store: not a single blob more', async () => {
    const folder = mixedFolder()
    const { source, target, b } = await newPair()
    await letStampsAge()
    const native = await save(target, folder)
    const before = readdirSync(join(b.location, 'packs'))
    await save(source, folder)
    const { snapshots } = await copy(target, source, { readAll: true })
    expect(snapshots[0].filesRead).toBeGreaterThan(300)
    expect(snapshots[0].saved?.tree).toEqual(native.snapshot.tree)
    expect(readdirSync(join(b.location, 'packs'))).toEqual(before)
  })

  it('takes what a backup in the target has unread, by its time stamps', async () => {
    const folder = mixedFolder()
    const { source, target } = await newPair()
    await letStampsAge()
    await save(target, folder)
    change(folder, 'notes', 'changed')
    await letStampsAge()
    const { snapshot } = await save(source, folder)
    const { snapshots } = await copy(target, source)
    // Both names of the file that changed, and nothing else.
    expect(snapshots[0]).toMatchObject({ outcome: 'copied', filesRead: 2 })
    expect(snapshot.statistics.files).toBeGreaterThan(300)
    const saved = snapshots[0].saved
    if (!saved) throw new Error('There is no copy')
    expect(await restoreDifferences(target, saved, folder)).toEqual([])
  })

  it('reads a file of which the stamps could not be trusted, in either repository', async () => {
    const folder = scratchFolder()
    const { source, target } = await newPair()
    // Both are made within a tick of the clock of the file system.
    change(folder, 'fresh', 'one')
    await save(target, folder)
    await save(source, folder)
    const { snapshots } = await copy(target, source)
    expect(snapshots[0].filesRead).toBe(1)
  })

  it('reads only what changed since the snapshot before, of which the target has a copy', async () => {
    const folder = mixedFolder()
    const { source, target, b } = await newPair()
    await letStampsAge()
    await save(source, folder)
    await copy(target, source)
    change(folder, 'many/file-7', 'changed')
    await save(source, folder)
    const bytesBefore = packBytesOf(b.location)
    const { snapshots, outcomes } = await copy(target, source)
    expect(outcomes).toEqual(['present', 'copied'])
    expect(snapshots[1]).toMatchObject({ filesRead: 1, bytesRead: 7 })
    expect(packBytesOf(b.location) - bytesBefore).toBe(snapshots[1].storedBytesAdded)
    const saved = snapshots[1].saved
    if (!saved) throw new Error('There is no copy')
    expect(saved.parentId).toBe(snapshots[0].saved?.id)
    expect(await restoreDifferences(target, saved, folder)).toEqual([])
    expect(await findings(target)).toEqual([])
  })

  it('reads every file when it is asked to, and stores nothing twice', async () => {
    const folder = mixedFolder()
    const { source, target } = await newPair()
    const first = await save(source, folder)
    await copy(target, source)
    await save(source, folder)
    const { snapshots } = await copy(target, source, { readAll: true })
    expect(snapshots[1].filesRead).toBe(first.snapshot.statistics.files - 1)
    expect(snapshots[1].storedBytesAdded).toBe(0)
  })

  it('copies a history oldest first, each once, and there and back again nothing', async () => {
    const folder = mixedFolder()
    const { source, target } = await newPair()
    for (const round of [1, 2, 3]) {
      change(folder, 'notes', `round ${round}`)
      await save(source, folder, { description: `round ${round}` })
    }
    const first = await copy(target, source)
    expect(first.outcomes).toEqual(['copied', 'copied', 'copied'])
    const descriptions = first.snapshots.map(({ saved }) => saved?.description)
    expect(descriptions).toEqual(['round 1', 'round 2', 'round 3'])
    expect((await copy(target, source)).outcomes).toEqual(['present', 'present', 'present'])
    expect((await copy(source, target)).outcomes).toEqual(['present', 'present', 'present'])
    // Also by way of a third one.
    const third = await (await newRepository()).open()
    expect((await copy(third, target)).outcomes).toEqual(['copied', 'copied', 'copied'])
    expect((await copy(third, source)).outcomes).toEqual(['present', 'present', 'present'])
    expect((await copy(source, third)).outcomes).toEqual(['present', 'present', 'present'])
    expect(await findings(third)).toEqual([])
    expect(await findings(target)).toEqual([])
  })

  it('copies only those that are named, or only those newer than what the target has', async () => {
    const folder = scratchFolder()
    const { source, target } = await newPair()
    const saved: Awaited<ReturnType<typeof save>>[] = []
    for (const round of [1, 2, 3]) {
      change(folder, 'notes', `round ${round}`)
      saved.push(await save(source, folder))
    }
    const named = await copy(target, source, { snapshots: [saved[1].snapshot] })
    expect(named.snapshots.map(({ sourceId }) => sourceId)).toEqual([saved[1].snapshot.id])
    const newer = await copy(target, source, { newerOnly: true })
    expect(newer.outcomes).toEqual(['passed over', 'present', 'copied'])
  })

  it('changes nothing in the source, nor in the target on a dry run', async () => {
    const folder = mixedFolder()
    const { source, target, a, b } = await newPair()
    await save(source, folder)
    const before = [objectContents(a.location), objectContents(b.location)]
    const dry = await copy(target, source, { dryRun: true })
    expect(dry.snapshots[0]).toMatchObject({ outcome: 'copied', saved: null })
    expect([objectContents(a.location), objectContents(b.location)]).toEqual(before)
    await copy(target, source)
    expect(objectContents(a.location)).toEqual(before[0])
  })

  it('sees what others have done since its repositories were opened', async () => {
    const folder = scratchFolder()
    const { source, target, a } = await newPair()
    change(folder, 'notes', 'first')
    await save(source, folder)
    await copy(target, source)
    const other = await a.open()
    change(folder, 'notes', 'second')
    await save(other, folder)
    expect((await copy(target, source)).outcomes).toEqual(['present', 'copied'])
  })

  it('needs no lock where all is there already', async () => {
    const folder = scratchFolder()
    const { source, target } = await newPair()
    change(folder, 'notes', 'first')
    await save(source, folder)
    await copy(target, source)
    const locked: string[] = []
    for (const { storage } of [source, target]) {
      const put = storage.put.bind(storage)
      storage.put = async (name, bytes) => {
        locked.push(name)
        await put(name, bytes)
      }
    }
    expect((await copy(target, source)).outcomes).toEqual(['present'])
    expect(locked).toEqual([])
  })

  it('refuses to copy a repository into itself', async () => {
    const one = await newRepository()
    const [source, target] = [await one.open(), await one.open()]
    expect(await codeOf(copy(target, source))).toBe('USAGE')
  })

  it('copies between memory and a folder', async () => {
    const folder = mixedFolder()
    const location = 'memory:copied to'
    await engine.initRepository({ location, chunkAverageBytes: 32 * 1024 })
    const inMemory = await engine.openRepository({ location })
    const { source, target } = await newPair()
    await withThreads(2, async () => {
      await save(source, folder)
      expect((await copy(inMemory, source)).outcomes).toEqual(['copied'])
      const { snapshots } = await copy(target, inMemory)
      const saved = snapshots[0].saved
      if (!saved) throw new Error('There is no copy')
      expect(await restoreDifferences(target, saved, folder)).toEqual([])
    })
    await inMemory.close()
  })

  it('copies a directory of many pages', async () => {
    const folder = scratchFolder(fastFolder)
    for (let number = 0; number < 6000; number++) change(folder, `file ${number}`, `${number % 7}`)
    const { source, target } = await newPair()
    await letStampsAge()
    await save(source, folder)
    const { snapshots } = await copy(target, source)
    const saved = snapshots[0].saved
    if (!saved) throw new Error('There is no copy')
    expect(await restoreDifferences(target, saved, folder)).toEqual([])
    change(folder, 'file 3000', 'changed')
    await save(source, folder)
    const again = await copy(target, source)
    expect(again.snapshots[1].filesRead).toBe(1)
    expect(await findings(target)).toEqual([])
  })
})
