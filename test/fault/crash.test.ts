import { existsSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Snapshot, SnapshotStatistics } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { resultOf, startOperation } from '../support/child-process.ts'
import type { ChildTask } from '../support/children/engine-child.ts'
import { expectSound } from '../support/expect-sound.ts'
import { seededRandom } from '../support/faulty-storage.ts'
import { directory, file, makeTree, type Tree } from '../support/make-tree.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  findings,
  letStampsAge,
  namesIn,
  newRepository,
  packBytesOf,
  restoreDifferences,
  save,
  type TestRepository,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

const MiB = 1024 * 1024

function sourceTree(seed: string): Tree {
  const many: Record<string, Tree[string]> = {}
  for (let index = 0; index < 60; index++)
    many[`file-${index}`] = file(logLines(seed + index, 5000))
  return {
    [`${seed} many`]: directory(many),
    [`${seed} large`]: file(randomBytesOf(seed, MiB)),
    [`${seed} text`]: file(logLines(seed, 300_000)),
  }
}

function newSource(seed: string): string {
  const folder = scratchFolder(fastFolder)
  makeTree(folder, sourceTree(seed))
  return folder
}

/** Kills the operation at this call of the storage. */
async function killAt(
  repository: TestRepository,
  operation: ChildTask['operation'],
  pause: ChildTask['pause'],
  source?: string,
): Promise<void> {
  const child = startOperation(repository, {
    operation,
    ...(pause && { pause }),
    ...(source !== undefined && { source }),
  })
  await child.says('paused')
  await child.kill()
}

function statisticsIn(result: string): SnapshotStatistics {
  return JSON.parse(result.slice(result.indexOf('{'))) as SnapshotStatistics
}

describe('a snapshot that is killed', () => {
  const points: readonly [
    string,
    NonNullable<ChildTask['pause']>,
    { stored: boolean; saved: boolean },
  ][] = [
    [
      'before its lock',
      { call: 'put', prefix: 'locks/', when: 'before', nth: 1 },
      { stored: false, saved: false },
    ],
    [
      'behind its lock',
      { call: 'put', prefix: 'locks/', when: 'after', nth: 1 },
      { stored: false, saved: false },
    ],
    [
      'before its packs are durable',
      { call: 'sync', prefix: 'packs', when: 'before', nth: 1 },
      { stored: true, saved: false },
    ],
    [
      'before its index object',
      { call: 'put', prefix: 'index/', when: 'before', nth: 1 },
      { stored: true, saved: false },
    ],
    [
      'behind its index object',
      { call: 'put', prefix: 'index/', when: 'after', nth: 1 },
      { stored: true, saved: false },
    ],
    [
      'before the snapshot object',
      { call: 'put', prefix: 'snapshots/', when: 'before', nth: 1 },
      { stored: true, saved: false },
    ],
    [
      'behind the snapshot object',
      { call: 'put', prefix: 'snapshots/', when: 'after', nth: 1 },
      { stored: true, saved: true },
    ],
    [
      'before its lock is released',
      { call: 'delete', prefix: 'locks/', when: 'before', nth: 1 },
      { stored: true, saved: true },
    ],
  ]

  it.each(points)(
    '%s leaves a sound repository, and the next run goes on from there',
    async (_name, pause, expected) => {
      const repository = await newRepository({ isEncrypted: true })
      const source = newSource('first')
      await letStampsAge()
      const handle = await repository.open()
      const before = await save(handle, newSource('before'))
      await killAt(repository, 'snapshot', pause, source)
      await expectSound(repository, expected.saved ? 2 : 1)
      const next = startOperation(repository, { operation: 'snapshot', source })
      const statistics = statisticsIn(await resultOf(next))
      if (expected.stored) expect(statistics.dataBlobsAdded).toBe(0)
      else expect(statistics.dataBlobsAdded).toBeGreaterThan(0)
      await expectSound(repository, expected.saved ? 3 : 2)
      const judge = await repository.open()
      const latest = engine.resolveSnapshot(judge, 'latest')
      expect(await restoreDifferences(judge, latest, source)).toEqual([])
      expect(engine.listSnapshots(judge).map(({ id }) => id)).toContain(before.snapshot.id)
    },
  )

  it('uses the whole packs of a run that was cut off in the middle, and sweeps the unfinished ones later', async () => {
    const repository = await newRepository()
    const source = scratchFolder(fastFolder)
    // More than one pack of 32 MiB, so that one is whole while the next is being written.
    makeTree(source, {
      large: file(randomBytesOf('packs', 60 * MiB)),
      more: file(randomBytesOf('more', 9 * MiB)),
    })
    await letStampsAge()
    const child = startOperation(repository, { operation: 'snapshot', source })
    const packs = join(repository.location, 'packs')
    await child.says('open')
    while (readdirSync(packs).length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    await child.kill()
    const kept = packBytesOf(repository.location)
    expect(kept).toBeGreaterThan(30 * MiB)
    const handle = await repository.open()
    const { statistics, events, snapshot } = await save(handle, source)
    const total = 69 * MiB
    expect(statistics.dataBytesAdded).toBeLessThan(total - kept + 2 * MiB)
    expect(events.some(({ type }) => type === 'notice')).toBe(true)
    // Nothing is stored twice: all packs together hold the files once.
    expect(packBytesOf(repository.location)).toBeLessThan(total + 2 * MiB)
    expect(await restoreDifferences(handle, snapshot, source)).toEqual([])
    const left = namesIn(repository.location, 'tmp')
    const dayAgo = Date.now() / 1000 - 25 * 3600
    for (const name of left) utimesSync(join(repository.location, 'tmp', name), dayAgo, dayAgo)
    await save(handle, source)
    expect(namesIn(repository.location, 'tmp')).toEqual([])
  })

  it('at random moments never costs an earlier snapshot, nor the next one', async () => {
    const seed = Date.now() % 1_000_000
    const random = seededRandom(seed)
    const repository = await newRepository()
    const source = scratchFolder(fastFolder)
    const handle = await repository.open()
    let runMs = 400
    let expected = 0
    for (let turn = 0; turn < 24; turn++) {
      makeTree(source, { [`turn ${turn}`]: directory(sourceTree(`turn ${turn}`)) })
      if (turn > 2) rmSync(join(source, `turn ${turn - 3}`), { recursive: true })
      const child = startOperation(
        repository,
        { operation: 'snapshot', source },
        { env: { HOLDFAST_THREADS: String(turn % 3) } },
      )
      const startedAtMs = performance.now()
      await child.says('open')
      const timer = setTimeout(() => void child.kill(), random() * runMs)
      await child.ended
      clearTimeout(timer)
      const isAcknowledged = child.output().includes('saved')
      if (isAcknowledged) runMs = Math.max(50, (performance.now() - startedAtMs) * 0.8)
      const fresh = await repository.open()
      const count = engine.listSnapshots(fresh).length
      // One that was not acknowledged may be there all the same; one that was must be.
      expect(count, `seed ${seed}, turn ${turn}`).toBeGreaterThanOrEqual(
        expected + (isAcknowledged ? 1 : 0),
      )
      expect(count).toBeLessThanOrEqual(expected + 1)
      expected = count
      if (turn % 6 === 5) {
        expect(await findings(fresh), `seed ${seed}, turn ${turn}`).toEqual([])
        const { snapshot } = await save(fresh, source)
        expected += 1
        expect(await restoreDifferences(fresh, snapshot, source)).toEqual([])
      }
      await fresh.close()
    }
    expect(await findings(handle), `seed ${seed}`).toEqual([])
    await engine.prune(handle, { graceMs: 0 })
    expect(namesIn(repository.location, 'tmp')).toEqual([])
    expect(namesIn(repository.location, 'locks')).toEqual([])
  })
})

/** Three snapshots, the middle one deleted: there is something to remove and something to rewrite. */
async function readyToPrune(
  isEncrypted: boolean,
): Promise<{ repository: TestRepository; sources: string[]; kept: Snapshot[] }> {
  const repository = await newRepository({ isEncrypted })
  const handle = await repository.open()
  const sources = ['one', 'two', 'three'].map(newSource)
  const mixed = scratchFolder(fastFolder)
  makeTree(mixed, { ...sourceTree('two'), ...sourceTree('four') })
  sources.push(mixed)
  const saved: Snapshot[] = []
  for (const source of sources) saved.push((await save(handle, source)).snapshot)
  rmSync(join(mixed, 'two large'))
  saved.push((await save(handle, mixed)).snapshot)
  await engine.forgetSnapshots(handle, [saved[1], saved[3]])
  await handle.close()
  return {
    repository,
    sources: [sources[0], sources[2], mixed],
    kept: [saved[0], saved[2], saved[4]],
  }
}

describe('a prune that is killed', () => {
  const points: readonly [string, NonNullable<ChildTask['pause']>][] = [
    ['before its index object', { call: 'put', prefix: 'index/', when: 'before', nth: 1 }],
    [
      'behind the index object of the new packs',
      { call: 'put', prefix: 'index/', when: 'after', nth: 1 },
    ],
    [
      'before an old index object goes',
      { call: 'delete', prefix: 'index/', when: 'before', nth: 1 },
    ],
    ['between two old index objects', { call: 'delete', prefix: 'index/', when: 'after', nth: 1 }],
    ['before the old packs go', { call: 'delete', prefix: 'packs/', when: 'before', nth: 1 }],
    ['between two packs', { call: 'delete', prefix: 'packs/', when: 'after', nth: 1 }],
    ['before its lock is released', { call: 'delete', prefix: 'locks/', when: 'before', nth: 1 }],
  ]

  it.each(points)(
    '%s leaves every snapshot whole, and the next prune frees the space',
    async (_name, pause) => {
      const { repository, sources, kept } = await readyToPrune(false)
      await killAt(repository, 'prune', pause)
      await expectSound(repository, 3)
      await resultOf(startOperation(repository, { operation: 'prune' }))
      await expectSound(repository, 3)
      const handle = await repository.open()
      for (const [index, snapshot] of kept.entries()) {
        expect(await restoreDifferences(handle, snapshot, sources[index])).toEqual([])
      }
      const again = await engine.prune(handle, { unused: { ratio: 0 }, graceMs: 0 })
      expect(again).toMatchObject({ packsDeleted: 0, packsRewritten: 0, bytesFreed: 0 })
    },
  )

  it('leaves in the end what a repository holds that never had the other snapshots', async () => {
    const { repository, sources } = await readyToPrune(false)
    await killAt(repository, 'prune', { call: 'delete', prefix: 'packs/', when: 'after', nth: 2 })
    await resultOf(startOperation(repository, { operation: 'prune' }))
    const pure = await newRepository()
    const handle = await pure.open()
    for (const source of sources) await save(handle, source)
    const ratio = packBytesOf(repository.location) / packBytesOf(pure.location)
    expect(ratio).toBeGreaterThan(0.9)
    expect(ratio).toBeLessThan(1.1)
  })

  it('does not harm a snapshot of what had been deleted', async () => {
    const { repository, sources } = await readyToPrune(true)
    await killAt(repository, 'prune', { call: 'delete', prefix: 'packs/', when: 'after', nth: 1 })
    const again = newSource('two')
    const handle = await repository.open()
    const { snapshot } = await save(handle, again)
    expect(await restoreDifferences(handle, snapshot, again)).toEqual([])
    expect(await findings(handle)).toEqual([])
    expect(sources).toHaveLength(3)
  })

  it('at random moments leaves every snapshot whole', async () => {
    const seed = Date.now() % 1_000_000
    const random = seededRandom(seed)
    for (let turn = 0; turn < 4; turn++) {
      const { repository, sources, kept } = await readyToPrune(false)
      for (let kill = 0; kill < 3; kill++) {
        const child = startOperation(repository, { operation: 'prune' })
        await child.says('open')
        const timer = setTimeout(() => void child.kill(), random() * 60)
        await child.ended
        clearTimeout(timer)
      }
      const handle = await repository.open()
      expect(await findings(handle), `seed ${seed}, turn ${turn}`).toEqual([])
      await engine.prune(handle, { unused: { ratio: 0 }, graceMs: 0 })
      expect(await findings(handle), `seed ${seed}, turn ${turn}`).toEqual([])
      expect(await restoreDifferences(handle, kept[2], sources[2])).toEqual([])
      await handle.close()
    }
  })
})

describe('a repair of the catalogue that is killed', () => {
  it('at random moments leaves a repository that opens with the same catalogue', async () => {
    const { repository } = await readyToPrune(true)
    const seed = Date.now() % 1_000_000
    const random = seededRandom(seed)
    const first = await repository.open()
    const expected = [...first.catalogue.dump()]
    await first.close()
    for (let turn = 0; turn < 6; turn++) {
      const child = startOperation(repository, { operation: 'repair' })
      await child.says('open')
      const timer = setTimeout(() => void child.kill(), random() * 40)
      await child.ended
      clearTimeout(timer)
      const handle = await repository.open()
      expect([...handle.catalogue.dump()], `seed ${seed}, turn ${turn}`).toEqual(expected)
      await handle.close()
    }
    const handle = await repository.open()
    expect(await findings(handle)).toEqual([])
    expect(existsSync(join(repository.cacheDirectory, handle.repositoryId))).toBe(true)
  })
})
