import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { directory, file, symlink } from '../support/make-tree.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  codeOf,
  findings,
  letStampsAge,
  namesIn,
  objectContents,
  packBytesOf,
  restoreDifferences,
  restoreTo,
  save,
} from '../support/repositories.ts'
import { scanTree, type ScannedTree } from '../support/scan-tree.ts'
import { files, newSource, prune, scene } from './prune-scene.ts'

const MiB = 1024 * 1024

const nothing = { packsDeleted: 0, packsRewritten: 0, bytesFreed: 0 }

describe('prune()', () => {
  it.each([false, true])(
    'removes what no snapshot needs, and only that (encrypted: %s)',
    async (isEncrypted) => {
      const { repository, handle } = await scene(isEncrypted)
      const kept: { snapshot: Snapshot; source: string }[] = []
      const dropped: Snapshot[] = []
      for (let index = 0; index < 6; index++) {
        const source = newSource({
          own: directory(files(`own ${index}`, 5, 30_000)),
          shared: directory(files('shared', 5, 20_000)),
          log: file(logLines(index, 100_000)),
          link: symlink('log'),
        })
        const { snapshot } = await save(handle, source)
        if (index % 2 === 0) kept.push({ snapshot, source })
        else dropped.push(snapshot)
      }
      await engine.forgetSnapshots(handle, dropped)
      const before = packBytesOf(repository.location)
      const result = await prune(handle)
      const after = packBytesOf(repository.location)
      expect(result.bytesFreed).toBe(before - after)
      expect(result.bytesLeft).toBe(after)
      expect(result.bytesFreed).toBeGreaterThan(3 * 150_000)
      expect(await findings(handle)).toEqual([])
      for (const { snapshot, source } of kept) {
        expect(await restoreDifferences(handle, snapshot, source)).toEqual([])
      }
      expect(await prune(handle)).toMatchObject({ ...nothing, bytesLeft: after })
      // The catalogue of the one who pruned is what the objects say.
      const dump = [...handle.catalogue.dump()]
      await engine.repairCatalogue(handle)
      expect([...handle.catalogue.dump()]).toEqual(dump)
    },
  )

  it('leaves an empty repository when every snapshot is deleted, which can be used again', async () => {
    const { repository, handle } = await scene(true)
    const source = newSource(files('x', 10, 10_000))
    const { snapshot } = await save(handle, source)
    await engine.forgetSnapshots(handle, [snapshot])
    const result = await prune(handle)
    expect(result).toMatchObject({ packsRewritten: 0, bytesLeft: 0 })
    expect(namesIn(repository.location, 'packs')).toEqual([])
    expect(namesIn(repository.location, 'index')).toEqual([])
    expect(handle.catalogue.blobs.count()).toBe(0)
    const again = await save(handle, source)
    expect(again.statistics.dataBlobsAdded).toBeGreaterThan(9)
    expect(await restoreDifferences(handle, again.snapshot, source)).toEqual([])
  })

  it('does nothing when every snapshot is still there', async () => {
    const { repository, handle } = await scene()
    await save(handle, newSource(files('x', 10, 10_000)))
    const before = objectContents(repository.location)
    expect(await prune(handle)).toMatchObject(nothing)
    expect(objectContents(repository.location)).toEqual(before)
  })

  it('copies one live blob out of a pack full of dead ones', async () => {
    const { repository, handle } = await scene()
    const source = newSource({
      ...files('dead', 40, 60_000),
      alive: file(randomBytesOf('alive', 12_000)),
    })
    const first = await save(handle, source)
    for (let index = 0; index < 40; index++) rmSync(join(source, `dead-${index}`))
    const second = await save(handle, source)
    await engine.forgetSnapshots(handle, [first.snapshot])
    const result = await prune(handle)
    expect(result.packsRewritten).toBeGreaterThan(0)
    expect(packBytesOf(repository.location)).toBeLessThan(40_000)
    expect(await restoreDifferences(handle, second.snapshot, source)).toEqual([])
  })

  it('copies segments in which everything is live without packing them anew', async () => {
    const { handle } = await scene(true)
    const source = newSource({
      a: file(randomBytesOf('segment a', 2 * MiB)),
      b: file(randomBytesOf('segment b', 2 * MiB)),
      z: file(randomBytesOf('goes', 3 * MiB)),
    })
    const first = await save(handle, source)
    rmSync(join(source, 'z'))
    const second = await save(handle, source)
    await engine.forgetSnapshots(handle, [first.snapshot])
    await prune(handle)
    expect(await restoreDifferences(handle, second.snapshot, source)).toEqual([])
    expect(await findings(handle)).toEqual([])
  })

  it('leaves dead blobs where they are as long as they are few', async () => {
    const { repository, handle } = await scene()
    const source = newSource({
      ...files('live', 50, 20_000),
      dead: file(randomBytesOf('dead', 10_000)),
    })
    const first = await save(handle, source)
    rmSync(join(source, 'dead'))
    await save(handle, source)
    await engine.forgetSnapshots(handle, [first.snapshot])
    const before = packBytesOf(repository.location)
    expect(await engine.prune(handle, { graceMs: 0 })).toMatchObject({
      packsRewritten: 0,
      bytesFreed: 0,
    })
    expect(packBytesOf(repository.location)).toBe(before)
    expect(await prune(handle)).toMatchObject({ packsRewritten: 1 })
    expect(packBytesOf(repository.location)).toBeLessThan(before - 9000)
  })

  it('says on a dry run about what it would do, and does nothing', async () => {
    const { repository, handle } = await scene()
    const source = newSource({ ...files('live', 20, 20_000), ...files('dead', 20, 20_000) })
    const first = await save(handle, source)
    for (let index = 0; index < 20; index++) rmSync(join(source, `dead-${index}`))
    await save(handle, source)
    await engine.forgetSnapshots(handle, [first.snapshot])
    const before = objectContents(repository.location)
    const plan = await engine.prune(handle, { unused: { ratio: 0 }, graceMs: 0, dryRun: true })
    expect(objectContents(repository.location)).toEqual(before)
    const result = await prune(handle)
    expect(plan.packsDeleted).toBe(result.packsDeleted)
    expect(plan.packsRewritten).toBe(result.packsRewritten)
    expect(Math.abs(plan.bytesFreed - result.bytesFreed)).toBeLessThan(20_000)
  })

  it('keeps what a file of many chunks needs, lists included', async () => {
    const { handle } = await scene()
    const source = newSource({ large: file(randomBytesOf('large', 13 * MiB)), x: file('x') })
    const first = await save(handle, source)
    rmSync(join(source, 'x'))
    const second = await save(handle, source)
    await engine.forgetSnapshots(handle, [first.snapshot])
    await prune(handle)
    expect(await findings(handle)).toEqual([])
    expect(await restoreDifferences(handle, second.snapshot, source)).toEqual([])
  })

  it('keeps a blob that lies in two packs, and one that lies twice in one', async () => {
    const { repository, handle } = await scene()
    const source = newSource(files('twice', 10, 20_000))
    const first = await save(handle, source)
    // A second run that does not see the first one stores everything again.
    const blind = await repository.open()
    const { storage } = blind
    const listNames = storage.listNames.bind(storage)
    blind.catalogue.clear()
    const isHidden = (folder: string): boolean => folder === 'index' || folder === 'packs'
    storage.listNames = async (folder) => (isHidden(folder) ? [] : await listNames(folder))
    await engine.snapshot(blind, { paths: [source], base: source, hostname: 'blind' })
    const third = await repository.open()
    await engine.repairCatalogue(third)
    const { dataBlobsAdded, treeBlobsAdded } = first.statistics
    expect(third.catalogue.blobs.count()).toBe(2 * (dataBlobsAdded + treeBlobsAdded))
    await prune(third)
    expect(await findings(third)).toEqual([])
    expect(await restoreDifferences(third, first.snapshot, source)).toEqual([])
    await engine.forgetSnapshots(third, [first.snapshot])
    await prune(third)
    expect(await findings(third)).toEqual([])
    const latest = engine.resolveSnapshot(third, 'latest')
    expect(await restoreDifferences(third, latest, source)).toEqual([])
  })

  it('removes what runs left behind that were cut off', async () => {
    const { repository, handle } = await scene()
    const source = newSource(files('x', 5, 10_000))
    await save(handle, source)
    writeFileSync(join(repository.location, 'packs', 'e'.repeat(64)), 'a pack that nobody names')
    const unfinished = join(repository.location, 'tmp', `${'f'.repeat(32)}.tmp`)
    writeFileSync(unfinished, 'unfinished')
    // What is as young as the prune itself may belong to a run that has just begun.
    const before = Date.now() / 1000 - 1
    utimesSync(unfinished, before, before)
    writeFileSync(join(repository.location, 'packs', 'README'), 'not ours')
    await prune(handle)
    expect(namesIn(repository.location, 'tmp')).toEqual([])
    expect(namesIn(repository.location, 'packs')).not.toContain('e'.repeat(64))
    expect(namesIn(repository.location, 'packs')).toContain('README')
    expect(await findings(handle)).toEqual([])
  })

  it.each([
    [
      'another pack',
      'UPDATE blob SET pack = (SELECT max(row) FROM pack) WHERE pack = (SELECT min(row) FROM pack) AND segment = 0 AND offset = 0',
    ],
    ['another segment', 'UPDATE blob SET segment = 1 - segment WHERE offset = 0 AND segment < 2'],
    ['another place', 'UPDATE blob SET offset = offset + 1 WHERE offset > 0'],
    [
      'a pack that there is not',
      'UPDATE blob SET pack = 999 WHERE pack = (SELECT min(row) FROM pack)',
    ],
    ['nowhere', 'DELETE FROM blob WHERE pack = (SELECT min(row) FROM pack)'],
  ])('refuses when the catalogue says that a live blob lies in %s', async (_place, sql) => {
    const { repository, handle } = await scene()
    const first = newSource(files('a', 5, 10_000))
    const second = newSource(files('b', 5, 10_000))
    const saved = [await save(handle, first), await save(handle, second)]
    await handle.close()
    const database = new Database(join(repository.location, 'catalogue.db'))
    expect(database.prepare(sql).run().changes).toBeGreaterThan(0)
    database.close()
    const before = objectContents(repository.location)
    const wrong = await repository.open()
    expect(['OBJECT_DAMAGED', 'OBJECT_MISSING']).toContain(await codeOf(prune(wrong)))
    expect(objectContents(repository.location)).toEqual(before)
    await engine.repairCatalogue(wrong)
    expect(await prune(wrong)).toMatchObject(nothing)
    expect(await restoreDifferences(wrong, saved[0].snapshot, first)).toEqual([])
    expect(await restoreDifferences(wrong, saved[1].snapshot, second)).toEqual([])
  })

  it('refuses when the catalogue says that a live blob lies where a dead one is', async () => {
    const { repository, handle } = await scene()
    const source = newSource(files('a', 5, 10_000))
    const { snapshot } = await save(handle, source)
    const gone = await save(handle, newSource(files('b', 5, 10_000)))
    await engine.forgetSnapshots(handle, [gone.snapshot])
    await handle.close()
    const database = new Database(join(repository.location, 'catalogue.db'))
    const move = database.prepare(
      'UPDATE blob SET pack = (SELECT max(row) FROM pack) WHERE pack = 1 AND segment = 0 AND offset = 0',
    )
    expect(move.run().changes).toBe(1)
    database.close()
    const wrong = await repository.open()
    expect(await codeOf(prune(wrong))).toBe('OBJECT_DAMAGED')
    await engine.repairCatalogue(wrong)
    expect(await prune(wrong)).toMatchObject({ packsDeleted: 1, packsRewritten: 0 })
    expect(await restoreDifferences(wrong, snapshot, source)).toEqual([])
  })

  it('works again after a lost pack has been healed by a new snapshot', async () => {
    const { repository, handle } = await scene()
    const source = newSource({ ...files('a', 5, 10_000), d: directory({ e: file('e') }) })
    await letStampsAge()
    const first = await save(handle, source)
    for (const name of namesIn(repository.location, 'packs')) {
      rmSync(join(repository.location, 'packs', name))
    }
    await handle.close()
    const later = await repository.open()
    expect(await codeOf(prune(later))).toBe('OBJECT_MISSING')
    const second = await save(later, source)
    expect(await restoreDifferences(later, second.snapshot, source)).toEqual([])
    expect(await restoreDifferences(later, first.snapshot, source)).toEqual([])
    expect((await prune(later)).packsDeleted).toBe(1)
    expect(await findings(later)).toEqual([])
    expect(await restoreDifferences(later, first.snapshot, source)).toEqual([])
  })

  it('keeps what was forgotten until its grace is over, and it can be brought back', async () => {
    const { repository, handle } = await scene(true)
    const source = newSource(files('x', 5, 30_000))
    const { snapshot } = await save(handle, source)
    const before = packBytesOf(repository.location)
    await engine.forgetSnapshots(handle, [snapshot])
    expect(engine.listSnapshots(handle)).toEqual([])
    expect(await engine.listForgotten(handle)).toMatchObject([{ snapshot: { id: snapshot.id } }])
    expect(await engine.prune(handle, { unused: { ratio: 0 } })).toMatchObject(nothing)
    expect(packBytesOf(repository.location)).toBe(before)
    await engine.undeleteSnapshots(handle, [snapshot.id])
    expect(await engine.listForgotten(handle)).toEqual([])
    expect(await restoreDifferences(handle, snapshot, source)).toEqual([])
    const { snapshot: second } = await save(handle, newSource(files('y', 5, 30_000)))
    await engine.forgetSnapshots(handle, [second])
    // Eight days later, by the clock of the storage.
    const path = join(repository.location, 'forgotten', second.id)
    const then = Date.now() / 1000 - 8 * 86_400
    utimesSync(path, then, then)
    expect(await engine.prune(handle)).toMatchObject({ snapshotsDropped: 1 })
    expect(await codeOf(engine.undeleteSnapshots(handle, [second.id]))).toBe('SNAPSHOT_NOT_FOUND')
    // What was forgotten anew goes, too.
    await engine.forgetSnapshots(handle, [snapshot])
    const dropped = await engine.prune(handle, { graceMs: 0 })
    expect(dropped).toMatchObject({ snapshotsDropped: 1, bytesLeft: 0 })
  })

  it('merges packs when there are many small ones', async () => {
    const { repository, handle } = await scene()
    const sources: { snapshot: Snapshot; source: string }[] = []
    for (let turn = 0; turn < 17; turn++) {
      const source = newSource(files(`turn ${turn}`, 2, 5_000))
      sources.push({ snapshot: (await save(handle, source)).snapshot, source })
    }
    expect(namesIn(repository.location, 'packs').length).toBeGreaterThanOrEqual(17)
    await engine.prune(handle)
    expect(namesIn(repository.location, 'packs').length).toBeLessThan(4)
    for (const { snapshot, source } of sources) {
      expect(await restoreDifferences(handle, snapshot, source)).toEqual([])
    }
    expect(await findings(handle)).toEqual([])
  })

  it('leaves everything restorable when it is done after each of many changes', async () => {
    const { handle } = await scene()
    const source = newSource({ ...files('base', 30, 5_000), d: directory(files('sub', 10, 3000)) })
    const states: { snapshot: Snapshot; state: ScannedTree }[] = []
    for (let turn = 0; turn < 8; turn++) {
      rmSync(join(source, `base-${turn * 3}`))
      writeFileSync(join(source, `base-${turn * 3 + 1}`), randomBytesOf(`turn ${turn}`, 7000))
      writeFileSync(join(source, 'd', `new ${turn}`), `new ${turn}`)
      const { snapshot } = await save(handle, source)
      states.push({ snapshot, state: scanTree(source) })
      if (turn % 2 === 1)
        await engine.forgetSnapshots(handle, [states.splice(turn % states.length, 1)[0].snapshot])
      await engine.prune(handle, { unused: { ratio: turn % 3 === 0 ? 0 : 0.05 }, graceMs: 0 })
    }
    expect(await findings(handle)).toEqual([])
    for (const { snapshot, state } of states) {
      const { target, problems } = await restoreTo(handle, snapshot)
      expect(problems).toEqual([])
      expect(scanTree(target)).toEqual(state)
    }
  })
})
