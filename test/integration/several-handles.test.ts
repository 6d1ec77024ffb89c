import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../src/index.ts'
import type * as CatchUpModule from '../../src/repository/catch-up.ts'
import { engine, engineModule } from '../support/built-engine.ts'
import { directory, file, makeTree } from '../support/make-tree.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import {
  codeOf,
  findings,
  letStampsAge,
  namesIn,
  newRepository,
  restoreDifferences,
  save,
  type TestRepository,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

const { catchUp } = await engineModule<typeof CatchUpModule>('repository/catch-up')

/**
 * Handles of one repository that see each other through its objects only, as on two machines: each has a catalogue of its own.
 */
async function twoMachines(): Promise<{
  repository: TestRepository
  here: Awaited<ReturnType<TestRepository['open']>>
  open(name: string): ReturnType<TestRepository['open']>
  source: string
}> {
  const repository = await newRepository({ isEncrypted: true })
  const folder = scratchFolder(fastFolder)
  const open = (name: string): ReturnType<TestRepository['open']> =>
    repository.open({ cacheDirectory: join(folder, name) })
  const source = scratchFolder(fastFolder)
  makeTree(source, {
    a: file(randomBytesOf('a', 200_000)),
    folder: directory({ b: file(randomBytesOf('b', 50_000)), c: file('c') }),
  })
  await letStampsAge()
  return { repository, here: await open('here'), open, source }
}

describe('a snapshot through a handle that was opened long ago', () => {
  it('stores what another machine has pruned since', async () => {
    const { here, open, source } = await twoMachines()
    const first = await save(here, source)
    const there = await open('there')
    await engine.forgetSnapshots(there, [first.snapshot])
    await engine.prune(there, { graceMs: 0 })
    const second = await save(here, source)
    const judge = await open('judge')
    expect(await findings(judge)).toEqual([])
    expect(await restoreDifferences(judge, second.snapshot, source)).toEqual([])
  })

  it('takes no unchanged files from a parent that was deleted since', async () => {
    const { here, open, source } = await twoMachines()
    const first = await save(here, source)
    const there = await open('there')
    await engine.forgetSnapshots(there, [first.snapshot])
    await engine.prune(there, { graceMs: 0 })
    expect(await codeOf(save(here, source, { parent: first.snapshot }))).toBe('SNAPSHOT_NOT_FOUND')
  })

  it('compares with the newest snapshot, also when another machine made it', async () => {
    const { here, open, source } = await twoMachines()
    const there = await open('there')
    const first = await save(there, source)
    const second = await save(here, source)
    expect(second.parent?.id).toBe(first.snapshot.id)
    expect(second.statistics.dataBlobsAdded).toBe(0)
  })

  it('uses what another machine has stored since', async () => {
    const { here, open, source } = await twoMachines()
    const there = await open('there')
    await save(there, source, { hostname: 'another' })
    const second = await save(here, source)
    expect(second.parent).toBe(null)
    expect(second.statistics.dataBlobsAdded).toBe(0)
  })
})

describe('a verification through a handle that was opened long ago', () => {
  it('finds no fault in packs that another machine has rewritten since', async () => {
    const { here, open, source } = await twoMachines()
    const first = await save(here, source)
    rmSync(join(source, 'folder'), { recursive: true })
    await letStampsAge()
    const second = await save(here, source)
    const there = await open('there')
    await engine.forgetSnapshots(there, [first.snapshot])
    const pruned = await engine.prune(there, { unused: { ratio: 0 }, graceMs: 0 })
    expect(pruned.packsRewritten).toBeGreaterThan(0)
    expect(await findings(here)).toEqual([])
    expect(await restoreDifferences(here, second.snapshot, source)).toEqual([])
  })

  it('reads from the disk what the handle has read before', async () => {
    const { here, repository, source } = await twoMachines()
    const { snapshot } = await save(here, source)
    expect((await engine.verify(here, { snapshots: [snapshot] })).damaged).toEqual([])
    for (const name of namesIn(repository.location, 'packs')) {
      rmSync(join(repository.location, 'packs', name))
    }
    const { damaged } = await engine.verify(here, { snapshots: [snapshot] })
    expect(damaged).not.toEqual([])
  })

  it('reads directories from the disk that the handle has read before', async () => {
    const { repository, here, source } = await twoMachines()
    rmSync(join(source, 'a'))
    rmSync(join(source, 'folder'), { recursive: true })
    makeTree(source, { x: directory({ y: directory({}) }) })
    const { snapshot } = await save(here, source)
    expect((await engine.verify(here, { snapshots: [snapshot] })).damaged).toEqual([])
    for (const name of namesIn(repository.location, 'packs')) {
      rmSync(join(repository.location, 'packs', name))
    }
    const { damaged } = await engine.verify(here, { snapshots: [snapshot] })
    expect(damaged).not.toEqual([])
  })
})

describe('catching up while another process works', () => {
  /** Lets `work` happen while the storage is being listed, behind the listing of `folder`. */
  function duringListing(
    { storage }: Repository,
    folder: string,
    work: () => Promise<unknown>,
  ): void {
    const listNames = storage.listNames.bind(storage)
    let isDone = false
    storage.listNames = async (listed) => {
      const names = await listNames(listed)
      if (listed === folder && !isDone) {
        isDone = true
        await work()
      }
      return names
    }
  }

  it('keeps what the other has stored and entered into the catalogue that they share', async () => {
    const repository = await newRepository()
    const source = scratchFolder(fastFolder)
    makeTree(source, { a: file(randomBytesOf('a', 100_000)) })
    const [here, there] = [await repository.open(), await repository.open()]
    const before = [...here.catalogue.dump()].length
    duringListing(here, 'journal', () => save(there, source))
    await catchUp(here)
    expect([...here.catalogue.dump()].length).toBeGreaterThan(before)
    expect(engine.listSnapshots(here)).toHaveLength(1)
    expect([...here.catalogue.dump()]).toEqual([...(await repository.open()).catalogue.dump()])
  })

  it('calls nothing damaged that a prune has replaced', async () => {
    const { here, open, source } = await twoMachines()
    const first = await save(here, source)
    rmSync(join(source, 'folder'), { recursive: true })
    await letStampsAge()
    await save(here, source)
    await engine.forgetSnapshots(here, [first.snapshot])
    const there = await open('there')
    await engine.repairCatalogue(there)
    const late = await open('late')
    late.catalogue.clear()
    duringListing(late, 'journal', () => engine.prune(here, { unused: { ratio: 0 }, graceMs: 0 }))
    expect(await catchUp(late)).toEqual([])
    const lines = (repository: Repository): string[] =>
      [...repository.catalogue.dump()].filter((line) => !line.startsWith('["meta"'))
    expect(lines(late)).toEqual(lines(await open('fresh')))
  })
})
