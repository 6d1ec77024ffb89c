import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RepairPacksOptions, RepairPacksResult, Snapshot } from '../../../src/index.ts'
import { engine } from '../../support/built-engine.ts'
import { flipBit, sizeOf } from '../../support/damage.ts'
import { seededRandom } from '../../support/faulty-storage.ts'
import { file, makeTree } from '../../support/make-tree.ts'
import { randomBytesOf } from '../../support/random-bytes.ts'
import {
  codeOf,
  findings,
  letStampsAge,
  namesIn,
  newRepository,
  restoreDifferences,
  restoreTo,
  save,
  withThreads,
  type TestRepository,
} from '../../support/repositories.ts'
import { scanTree, treeDifferences } from '../../support/scan-tree.ts'
import { fastFolder, scratchFolder } from '../../support/scratch.ts'
import { change, copy, mixedFolder, newPair } from './two-repositories.ts'

/** Two repositories with the same history of two snapshots, and what its files were. */
async function twins(isEncrypted = false): Promise<{
  a: TestRepository
  b: TestRepository
  snapshots: Snapshot[]
  folder: string
}> {
  const { a, b, source, target } = await newPair(isEncrypted)
  const folder = mixedFolder()
  await letStampsAge()
  const first = await save(source, folder)
  change(folder, 'notes', 'changed')
  makeTree(folder, { later: file(randomBytesOf('later', 400_000)) })
  const second = await save(source, folder)
  await copy(target, source)
  await Promise.all([source.close(), target.close()])
  return { a, b, snapshots: [first.snapshot, second.snapshot], folder }
}

async function repair(
  { a, b }: { a: TestRepository; b: TestRepository },
  options: RepairPacksOptions = {},
): Promise<RepairPacksResult> {
  const [handle, from] = [await a.open(), await b.open()]
  const result = await engine.repairPacks(handle, { apply: true, readData: true, from, ...options })
  await Promise.all([handle.close(), from.close()])
  return result
}

/** Everything is whole: the objects after a prune, the trees, and every byte of a restore. */
async function expectHealed(
  a: TestRepository,
  snapshots: readonly Snapshot[],
  folder: string,
): Promise<void> {
  const handle = await a.open()
  await engine.prune(handle, { graceMs: 0 })
  expect(await findings(handle)).toEqual([])
  const checked = await engine.check(handle, { readData: { kind: 'all' } })
  expect([checked.damagedObjects, checked.lostFiles]).toEqual([[], []])
  const ids = engine.listSnapshots(handle).map(({ id }) => id)
  expect(ids).toEqual(snapshots.map(({ id }) => id))
  expect(await restoreDifferences(handle, snapshots[1], folder)).toEqual([])
  const { problems } = await restoreTo(handle, snapshots[0])
  expect(problems).toEqual([])
  // The next backup trusts what is there again.
  const next = await save(handle, folder)
  expect(next.events.filter(({ type }) => type === 'notice')).toEqual([])
  expect(next.statistics.dataBlobsAdded).toBe(0)
  await handle.close()
}

describe('repairPacks() from another repository', () => {
  it.each([
    { threads: 0, isEncrypted: true },
    { threads: 2, isEncrypted: false },
  ])(
    'brings back every pack that is gone, data and trees ($threads threads, encrypted: $isEncrypted)',
    async ({ threads, isEncrypted }) => {
      await withThreads(threads, async () => {
        const { a, b, snapshots, folder } = await twins(isEncrypted)
        for (const name of namesIn(a.location, 'packs')) rmSync(join(a.location, 'packs', name))
        const result = await repair({ a, b })
        expect(result.blobsLost).toBe(0)
        expect(result.refills.map(({ snapshotId, lost }) => [snapshotId, lost])).toEqual(
          // The older one needs what the newer one does not have: two contents.
          snapshots.toReversed().map(({ id }) => [id, []]),
        )
        await expectHealed(a, snapshots, folder)
      })
    },
  )

  it('brings back what bit flips destroyed anywhere', async () => {
    const seed = Date.now() % 1_000_000
    const random = seededRandom(seed)
    const { a, b, snapshots, folder } = await twins()
    for (const name of namesIn(a.location, 'packs')) {
      const bits = sizeOf(a.location, `packs/${name}`) * 8
      for (let flips = 0; flips < 6; flips++) {
        flipBit(join(a.location, 'packs', name), Math.floor(random() * bits))
      }
    }
    const result = await repair({ a, b })
    expect(result.blobsLost, `seed ${seed}`).toBe(0)
    await expectHealed(a, snapshots, folder)
  })

  it('brings back one pack after the other', async () => {
    const { a, b, snapshots, folder } = await twins()
    for (const name of namesIn(a.location, 'packs')) {
      rmSync(join(a.location, 'packs', name), { force: true })
      expect((await repair({ a, b })).blobsLost).toBe(0)
    }
    await expectHealed(a, snapshots, folder)
  })

  it('brings back what no index object names any more', async () => {
    const { a, b, snapshots, folder } = await twins()
    for (const kind of ['packs', 'index']) {
      for (const name of namesIn(a.location, kind)) rmSync(join(a.location, kind, name))
    }
    const result = await repair({ a, b })
    expect(result.packs).toEqual([])
    expect(result.refills.every(({ lost }) => lost.length === 0)).toBe(true)
    await expectHealed(a, snapshots, folder)
  })

  it('is begun again where it was interrupted', async () => {
    const { a, b, snapshots, folder } = await twins()
    for (const name of namesIn(a.location, 'packs')) rmSync(join(a.location, 'packs', name))
    const controller = new AbortController()
    const cut = repair(
      { a, b },
      {
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type === 'progress' && event.phase === 'bringing back') controller.abort()
        },
      },
    )
    await expect(cut).rejects.toMatchObject({ name: 'AbortError' })
    expect(namesIn(a.location, 'locks')).toEqual([])
    expect(namesIn(b.location, 'locks')).toEqual([])
    expect((await repair({ a, b })).refills.every(({ lost }) => lost.length === 0)).toBe(true)
    await expectHealed(a, snapshots, folder)
  })

  it('reads only what is lost', async () => {
    const { a, b, folder } = await twins()
    const packs = namesIn(a.location, 'packs')
    const handle = await a.open()
    makeTree(folder, { newest: file(randomBytesOf('newest', 50_000)) })
    const { snapshot } = await save(handle, folder)
    await copy(await b.open(), handle)
    for (const name of namesIn(a.location, 'packs')) {
      // The data of the newest file lies at the beginning.
      if (!packs.includes(name)) flipBit(join(a.location, 'packs', name), 8 * 2000)
    }
    await handle.close()
    const other = await b.open()
    let pagesRead = 0
    const { trees } = other
    const readTree = trees.readTree.bind(trees)
    trees.readTree = (id, bytes) => {
      pagesRead += 1
      return readTree(id, bytes)
    }
    const fresh = await a.open()
    const result = await engine.repairPacks(fresh, { apply: true, readData: true, from: other })
    expect(result.refills.map(({ snapshotId, lostBefore }) => [snapshotId, lostBefore])).toEqual([
      [snapshot.id, 1],
    ])
    // The root and nothing below it.
    expect(pagesRead).toBe(1)
    expect(await restoreDifferences(fresh, snapshot, folder)).toEqual([])
    await fresh.close()
  })

  it('takes what is lost from a backup of the same files, where there is no copy', async () => {
    const { a, b, source, target } = await newPair()
    const folder = mixedFolder()
    await letStampsAge()
    const { snapshot } = await save(source, folder)
    await save(target, folder)
    for (const name of namesIn(a.location, 'packs')) rmSync(join(a.location, 'packs', name))
    await Promise.all([source.close(), target.close()])
    const result = await repair({ a, b })
    expect(result.blobsLost).toBe(0)
    const judge = await a.open()
    expect(await findings(judge)).toEqual([])
    expect(await restoreDifferences(judge, snapshot, folder)).toEqual([])
  })

  it('tells exactly what stays lost, and brings the rest back', async () => {
    const { a, b, snapshots, folder } = await twins()
    const handle = await a.open()
    const only = scratchFolder(fastFolder)
    makeTree(only, { here: file('alone'), there: file(randomBytesOf('there', 10_000)) })
    await letStampsAge()
    const { snapshot } = await save(handle, only)
    await handle.close()
    for (const name of namesIn(a.location, 'packs')) rmSync(join(a.location, 'packs', name))
    const result = await repair({ a, b })
    expect(result.blobsLost).toBeGreaterThan(0)
    const lost = result.refills.filter((refill) => refill.lost.length > 0)
    expect(lost.map(({ snapshotId, sourceIds }) => [snapshotId, sourceIds])).toEqual([
      [snapshot.id, []],
    ])
    expect(lost[0].lost).toMatchObject([{ path: Buffer.from('/'), kind: 'directory' }])
    const judge = await a.open()
    expect(await restoreDifferences(judge, snapshots[1], folder)).toEqual([])
    // It is still on record: the next backup of it reads everything, and stores it again.
    await save(judge, only)
    const { target, problems } = await restoreTo(judge, snapshot)
    expect(problems).toEqual([])
    expect(treeDifferences(scanTree(only), scanTree(target))).toEqual([])
  })

  it('brings back nothing from a damaged copy that is not what it was', async () => {
    const { a, b } = await twins()
    for (const repository of [a, b]) {
      for (const name of namesIn(repository.location, 'packs')) {
        const path = join(repository.location, 'packs', name)
        if (repository === a) rmSync(path)
        else flipBit(path, 8 * (sizeOf(b.location, `packs/${name}`) >> 1))
      }
    }
    const result = await repair({ a, b })
    const stillLost = new Set(
      result.refills.filter(({ lost }) => lost.length > 0).map(({ snapshotId }) => snapshotId),
    )
    expect(stillLost.size).toBeGreaterThan(0)
    const judge = await a.open()
    const { damaged } = await engine.verify(judge, {})
    const found = new Set(damaged.map(({ snapshotId }) => snapshotId).filter(Boolean))
    expect(found).toEqual(stillLost)
  })

  it('changes nothing on a dry run, and says what could come from where', async () => {
    const { a, b, snapshots } = await twins()
    for (const name of namesIn(a.location, 'packs')) rmSync(join(a.location, 'packs', name))
    const before = [readdirSync(join(a.location, 'packs')), namesIn(a.location, 'journal')]
    const result = await repair({ a, b }, { apply: false })
    expect(result.isApplied).toBe(false)
    expect(result.refills.map(({ snapshotId }) => snapshotId)).toEqual(
      snapshots.toReversed().map(({ id }) => id),
    )
    expect(result.refills[0].sourceIds.length).toBeGreaterThan(0)
    expect([readdirSync(join(a.location, 'packs')), namesIn(a.location, 'journal')]).toEqual(before)
  })

  it('refuses to repair a repository from itself', async () => {
    const one = await newRepository()
    const [handle, from] = [await one.open(), await one.open()]
    expect(await codeOf(engine.repairPacks(handle, { from }))).toBe('USAGE')
  })
})
