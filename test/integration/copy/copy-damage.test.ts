import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engine } from '../../support/built-engine.ts'
import { flipBit, sizeOf } from '../../support/damage.ts'
import { directory, file, makeTree } from '../../support/make-tree.ts'
import { randomBytesOf } from '../../support/random-bytes.ts'
import { codeOf, findings, namesIn, restoreDifferences, save } from '../../support/repositories.ts'
import { fastFolder, scratchFolder } from '../../support/scratch.ts'
import { files, newSource, prune } from '../prune-scene.ts'
import { change, copy, newPair } from './two-repositories.ts'

describe('copySnapshots() from a damaged repository', () => {
  it('copies what is whole, and tells of all that is lost of the others without half a copy', async () => {
    const { source, target, a } = await newPair()
    const whole = newSource(files('whole', 5, 30_000))
    const first = await save(source, whole)
    const before = namesIn(a.location, 'packs')
    const broken = newSource(files('broken', 5, 30_000))
    await save(source, broken)
    for (const name of namesIn(a.location, 'packs')) {
      if (!before.includes(name)) flipBit(join(a.location, 'packs', name), 8 * 20_000)
    }
    const { snapshots, remarks } = await copy(target, source)
    expect(snapshots.map(({ outcome }) => outcome)).toEqual(['copied', 'damaged'])
    const [copied, damaged] = snapshots
    expect(damaged.saved).toBeNull()
    expect(damaged.lostCount).toBeGreaterThan(0)
    expect(damaged.lost).toHaveLength(damaged.lostCount)
    expect(damaged.lost[0].path.toString()).toMatch(/^\/broken-\d$/)
    expect(remarks.filter((remark) => remark.startsWith('damage /broken-'))).toHaveLength(
      damaged.lostCount,
    )
    expect(engine.listSnapshots(target).map(({ id }) => id)).toEqual([copied.saved?.id])
    expect(copied.sourceId).toBe(first.snapshot.id)
    if (!copied.saved) throw new Error('There is no copy')
    expect(await restoreDifferences(target, copied.saved, whole)).toEqual([])
    expect(await findings(target)).toEqual([])
  })

  it('names a directory of which a page is lost', async () => {
    const { source, target, a } = await newPair()
    const folder = scratchFolder(fastFolder)
    makeTree(folder, { some: directory({ where: file('here') }), other: file('other') })
    await save(source, folder)
    const packs = namesIn(a.location, 'packs')
    makeTree(folder, { late: directory({ more: file(randomBytesOf(1, 9000)) }) })
    await save(source, folder)
    for (const name of namesIn(a.location, 'packs')) {
      if (!packs.includes(name)) rmSync(join(a.location, 'packs', name))
    }
    const fresh = await a.open()
    const { snapshots } = await copy(target, fresh)
    expect(snapshots.map(({ outcome }) => outcome)).toEqual(['copied', 'damaged'])
    expect(snapshots[1].lost.map(({ path }) => path.toString())).toContain('/')
  })

  it('copies a snapshot that is whole again, because a later backup stored what was lost', async () => {
    const { source, target, a } = await newPair()
    const folder = newSource(files('twice', 3, 40_000))
    await save(source, folder)
    const [pack] = namesIn(a.location, 'packs')
    flipBit(join(a.location, 'packs', pack), 8 * (sizeOf(a.location, `packs/${pack}`) >> 1))
    const { snapshots } = await copy(target, source)
    expect(snapshots[0].outcome).toBe('damaged')
    // The next backup stores again what is lost; then the old snapshot is whole again.
    await engine.verify(source, {})
    await save(source, folder, { readAll: true })
    expect((await copy(target, source)).outcomes).toEqual(['copied', 'copied'])
    expect(await findings(target)).toEqual([])
  })

  it('copies a snapshot again of which a repair has left only a part', async () => {
    const { source, target, b } = await newPair()
    const folder = newSource(files('part', 5, 30_000))
    await save(source, folder)
    await copy(target, source)
    for (const name of namesIn(b.location, 'packs')) {
      flipBit(join(b.location, 'packs', name), 8 * 20_000)
    }
    expect(await findings(target)).not.toEqual([])
    const { repairs } = await engine.repairSnapshots(target, { apply: true })
    expect(repairs[0].replacement).not.toBeNull()
    expect(repairs[0].replacement).not.toHaveProperty('original')
    const again = await copy(target, source)
    expect(again.outcomes).toEqual(['copied'])
    const saved = again.snapshots[0].saved
    if (!saved) throw new Error('There is no copy')
    expect(await restoreDifferences(target, saved, folder)).toEqual([])
  })

  it('stores again what the target has lost, and trusts nothing there until it has', async () => {
    const { source, target, b } = await newPair()
    const folder = newSource(files('lost', 5, 30_000))
    await save(source, folder)
    await copy(target, source)
    // The pages stay whole, so that nothing but the record tells what must not be taken.
    for (const name of namesIn(b.location, 'packs')) {
      flipBit(join(b.location, 'packs', name), 8 * 20_000)
    }
    change(folder, 'lost-0', 'changed')
    const { snapshot } = await save(source, folder)
    const handle = await b.open()
    expect(await findings(handle)).not.toEqual([])
    const { snapshots } = await copy(handle, source, { snapshots: [snapshot] })
    expect(snapshots[0]).toMatchObject({ outcome: 'copied', filesRead: 5 })
    const saved = snapshots[0].saved
    if (!saved) throw new Error('There is no copy')
    expect(await restoreDifferences(handle, saved, folder)).toEqual([])
  })
})

describe('copySnapshots() beside others', () => {
  it('goes beside another copy of the same snapshots', async () => {
    const { a, b } = await newPair()
    const folder = newSource(files('both', 20, 30_000))
    const source = await a.open()
    await save(source, folder)
    change(folder, 'both-1', 'changed')
    await save(source, folder)
    const [one, two] = [await b.open(), await b.open()]
    const results = await Promise.all([copy(one, await a.open()), copy(two, await a.open())])
    for (const { outcomes } of results) {
      expect(outcomes.every((outcome) => outcome === 'copied' || outcome === 'present')).toBe(true)
    }
    const judge = await b.open()
    for (const { id } of engine.listSnapshots(judge)) {
      expect(engine.resolveSnapshot(judge, id).original?.repositoryId).toBe(source.repositoryId)
    }
    expect(await findings(judge)).toEqual([])
    expect(
      await restoreDifferences(judge, engine.resolveSnapshot(judge, 'latest'), folder),
    ).toEqual([])
    expect((await copy(judge, source)).outcomes).toEqual(['present', 'present'])
  })

  it('goes beside two copies in opposite directions', async () => {
    const { a, b } = await newPair()
    const [left, right] = [
      newSource(files('left', 5, 20_000)),
      newSource(files('right', 5, 20_000)),
    ]
    await save(await a.open(), left)
    await save(await b.open(), right)
    await Promise.all([
      a.open().then(async (from) => await copy(await b.open(), from)),
      b.open().then(async (from) => await copy(await a.open(), from)),
    ])
    for (const repository of [a, b]) {
      const judge = await repository.open()
      expect(await findings(judge)).toEqual([])
      expect(engine.listSnapshots(judge)).toHaveLength(2)
    }
  })

  it('keeps what it refers to from a prune of the target that comes in between', async () => {
    const { a, b } = await newPair()
    const folder = newSource(files('x', 5, 30_000))
    const source = await a.open()
    await save(source, folder)
    const target = await b.open()
    const first = await copy(target, source)
    const other = await b.open()
    change(folder, 'x-1', 'changed')
    await save(source, folder)
    const { storage } = target
    const put = storage.put.bind(storage)
    let inside: Awaited<ReturnType<typeof prune>> | undefined
    storage.put = async (name, bytes) => {
      if (name.startsWith('snapshots/') && !inside) {
        const saved = first.snapshots[0].saved
        if (saved) await engine.forgetSnapshots(other, [saved])
        inside = await prune(other)
      }
      await put(name, bytes)
    }
    const second = await copy(target, source)
    storage.put = put
    expect(inside?.waitingFor).toMatchObject([{ operation: 'copy to' }])
    await prune(other)
    const judge = await b.open()
    expect(await findings(judge)).toEqual([])
    const saved = second.snapshots.at(-1)?.saved
    if (!saved) throw new Error('There is no copy')
    expect(await restoreDifferences(judge, saved, folder)).toEqual([])
  })

  it('keeps a prune of the source from taking away what it reads', async () => {
    const { a, b } = await newPair()
    const folder = newSource(files('y', 5, 30_000))
    const source = await a.open()
    const { snapshot } = await save(source, folder)
    const other = await a.open()
    const target = await b.open()
    let inside: Awaited<ReturnType<typeof prune>> | undefined
    const { storage } = target
    const put = storage.put.bind(storage)
    storage.put = async (name, bytes) => {
      if (name.startsWith('locks/') && !inside) {
        await engine.forgetSnapshots(other, [snapshot])
        inside = await prune(other)
      }
      await put(name, bytes)
    }
    const { snapshots } = await copy(target, source)
    expect(inside?.waitingFor).toMatchObject([{ operation: 'copy from' }])
    // It is gone from the list before it is copied, or copied whole.
    for (const { saved } of snapshots) {
      if (saved) expect(await restoreDifferences(target, saved, folder)).toEqual([])
    }
    expect(readdirSync(join(a.location, 'packs')).length).toBeGreaterThan(0)
  })

  it('is refused while somebody repairs the target', async () => {
    const { a, b } = await newPair()
    const source = await a.open()
    await save(source, newSource(files('z', 1, 100)))
    const handle = await b.open()
    const { storage } = handle
    const list = storage.list.bind(storage)
    let code = ''
    storage.list = async (folder) => {
      if (folder === 'packs' && code === '') code = await codeOf(copy(await b.open(), source))
      return await list(folder)
    }
    await engine.repairPacks(handle, { apply: true })
    expect(code).toBe('REPOSITORY_LOCKED')
  })
})
