import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository, Snapshot } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { flipBit } from '../support/damage.ts'
import { directory, file, makeTree } from '../support/make-tree.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  letStampsAge,
  namesIn,
  newRepository,
  restoreDifferences,
  save,
  type TestRepository,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

interface Scene {
  readonly repository: TestRepository
  readonly handle: Repository
  readonly source: string
  readonly first: Snapshot
}

/** One snapshot of a folder whose data fills several segments. */
async function scene(isEncrypted: boolean): Promise<Scene> {
  const repository = await newRepository({ isEncrypted })
  const handle = await repository.open()
  const source = scratchFolder(fastFolder)
  makeTree(source, {
    random: file(randomBytesOf('random', 1_200_000)),
    more: file(randomBytesOf('more', 1_100_000)),
    folder: directory({ text: file(logLines('text', 300)), deep: directory({ small: file('s') }) }),
  })
  await letStampsAge()
  return { repository, handle, source, first: (await save(handle, source)).snapshot }
}

/** Damages the n-th segment of data. */
function flipInData({ handle, repository }: Scene, nth: number): void {
  const oldestFirst = handle.catalogue.blobs.packs().sort((left, right) => left.row - right.row)
  for (const { row, id } of oldestFirst) {
    for (const { kind, offset } of handle.catalogue.blobs.segments(row)) {
      if (kind === 0 && nth-- === 0) {
        flipBit(join(repository.location, 'packs', id), (offset + 5) * 8)
        return
      }
    }
  }
}

function flipInTrees({ handle, repository }: Scene): void {
  for (const { row, id } of handle.catalogue.blobs.packs()) {
    for (const { kind, offset } of handle.catalogue.blobs.segments(row)) {
      if (kind === 1) flipBit(join(repository.location, 'packs', id), (offset + 5) * 8)
    }
  }
}

function deletePacks({ repository }: Scene): void {
  for (const name of namesIn(repository.location, 'packs')) {
    rmSync(join(repository.location, 'packs', name))
  }
}

const damages: readonly (readonly [string, (scene: Scene) => void])[] = [
  ['a damaged segment', (at) => flipInData(at, 0)],
  ['damaged trees', flipInTrees],
  ['packs that are missing', deletePacks],
]

describe.each([false, true])('the next backup (encrypted: %s)', (isEncrypted) => {
  it.each(damages)('makes the old one whole again after %s', async (_what, damage) => {
    const at = await scene(isEncrypted)
    const { handle, source, first } = at
    damage(at)
    await handle.forgetTrees()
    expect((await engine.check(handle, { readData: { kind: 'all' } })).damagedSnapshots).toEqual([
      first.id,
    ])
    const second = await save(handle, source)
    expect(second.snapshot.parentId).toBe(first.id)
    expect(second.snapshot.knownDamage).toHaveLength(1)
    expect(second.statistics.dataBlobsAdded + second.statistics.treeBlobsAdded).toBeGreaterThan(0)
    for (const snapshot of [first, second.snapshot]) {
      expect(await engine.verify(handle, { snapshots: [snapshot] })).toMatchObject({
        damaged: expect.not.arrayContaining([expect.objectContaining({ snapshotId: snapshot.id })]),
      })
      await engine.check(handle)
      expect(await restoreDifferences(handle, snapshot, source)).toEqual([])
    }
    // Read once: the next one trusts again, as long as nothing else is found.
    const third = await save(handle, source)
    expect(third.statistics).toMatchObject({ changedFiles: 0, newFiles: 0, dataBlobsAdded: 0 })
    expect(third.snapshot.knownDamage).toEqual(second.snapshot.knownDamage)
    // With nothing lost any more a repair has nothing to give up, and what was on record is over.
    expect(await engine.repairPacks(handle, { apply: true })).toMatchObject({ blobsLost: 0 })
    const clean = await engine.check(handle, { readData: { kind: 'all' } })
    expect(clean).toMatchObject({ damagedObjects: [], damagedSnapshots: [] })
    const fourth = await save(handle, source)
    expect(fourth.snapshot.knownDamage).toEqual([])
    expect(fourth.statistics).toMatchObject({ changedFiles: 0, newFiles: 0 })
  })

  it('heals as well when a repair came first', async () => {
    const at = await scene(isEncrypted)
    const { handle, source, first } = at
    flipInData(at, 1)
    const repaired = await engine.repairPacks(handle, { apply: true, readData: true })
    expect(repaired.blobsLost).toBeGreaterThan(0)
    expect((await engine.check(handle)).damagedSnapshots).toEqual([first.id])
    const second = await save(handle, source)
    expect(second.statistics.dataBlobsAdded).toBe(repaired.blobsLost)
    const clean = await engine.check(handle, { readData: { kind: 'all' } })
    expect(clean).toMatchObject({ damagedObjects: [], damagedSnapshots: [] })
    expect(await restoreDifferences(handle, first, source)).toEqual([])
  })

  it('heals also when the index objects are lost with the packs, once a check has found it', async () => {
    const at = await scene(isEncrypted)
    const { handle, repository, source, first } = at
    deletePacks(at)
    for (const name of namesIn(repository.location, 'index')) {
      rmSync(join(repository.location, 'index', name))
    }
    const found = await engine.check(handle)
    expect(found.damagedSnapshots).toEqual([first.id])
    await save(handle, source)
    const healed = await engine.check(handle)
    expect(healed.damagedSnapshots).toEqual([])
    expect(await restoreDifferences(handle, first, source)).toEqual([])
    // Nothing is on record any more.
    expect((await save(handle, source)).snapshot.knownDamage).toEqual([])
  })
})

describe('the next backup', () => {
  it('reads everything again when more is lost, and does not bring back what is gone from the source', async () => {
    const at = await scene(false)
    const { handle, source, first } = at
    flipInData(at, 0)
    await engine.check(handle, { readData: { kind: 'all' } })
    rmSync(join(source, 'random'))
    writeFileSync(join(source, 'new'), 'new')
    const second = await save(handle, source)
    flipInData(at, 1)
    await engine.check(handle, { readData: { kind: 'all' } })
    const third = await save(handle, source)
    expect(third.snapshot.knownDamage.length).toBeGreaterThan(second.snapshot.knownDamage.length)
    expect(third.statistics.unchangedFiles).toBe(0)
    const result = await engine.check(handle)
    expect(result.damagedSnapshots).toEqual([first.id])
    expect(new Set(result.lostFiles.map(({ path }) => path?.toString()))).toEqual(
      new Set(['/random']),
    )
  })
})
