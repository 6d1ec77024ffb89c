import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Change, Repository, Snapshot } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { newRepository, save } from '../support/repositories.ts'
import { scratchFolder } from '../support/scratch.ts'

interface World {
  readonly repository: Repository
  readonly folder: string
  readonly snapshots: Snapshot[]
  keep(): Promise<Snapshot>
}

async function newWorld(): Promise<World> {
  const repository = await (await newRepository()).open()
  const folder = scratchFolder()
  const snapshots: Snapshot[] = []
  return {
    repository,
    folder,
    snapshots,
    async keep() {
      const { snapshot } = await save(repository, folder, { readAll: true })
      snapshots.push(snapshot)
      return snapshot
    },
  }
}

function write(world: World, path: string, content: Buffer | string): void {
  const file = join(world.folder, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, content)
}

function brief(changes: Iterable<Change>): string[] {
  return Array.from(changes, ({ change, path, oldPath }) =>
    oldPath
      ? `${change} ${oldPath.toString()} > ${path.toString()}`
      : `${change} ${path.toString()}`,
  )
}

it('finds paths in all snapshots, the newest first', async () => {
  const world = await newWorld()
  write(world, 'logs/app.log', 'one')
  write(world, 'logs/old.log', 'old')
  write(world, 'data/index/a.faiss', 'index')
  const first = await world.keep()
  rmSync(join(world.folder, 'logs/old.log'))
  write(world, 'logs/app.log', 'longer than before')
  const second = await world.keep()
  const found = engine.findPaths(world.repository, { pattern: '*.log' })
  expect(
    found.items.map(({ path, snapshotIds, size }) => [path.toString(), snapshotIds, size]),
  ).toEqual([
    ['logs/app.log', [second.id, first.id], 18],
    ['logs/old.log', [first.id], 3],
  ])
  expect(found).toMatchObject({ nextCursor: null, matches: 2, isComplete: true })
  const paths = (pattern: string): string[] =>
    engine.findPaths(world.repository, { pattern }).items.map(({ path }) => path.toString())
  expect(paths('/data/index/*.faiss')).toEqual(['data/index/a.faiss'])
  expect(paths(`${world.folder}/data/index/a*`)).toEqual(['data/index/a.faiss'])
  expect(paths('index/a')).toEqual(['data/index/a.faiss'])
  expect(paths('index/')).toEqual(['data/index'])
  expect(paths('data/**')).toEqual(['data', 'data/index', 'data/index/a.faiss'])
  expect(paths('nothing')).toEqual([])
})

it('gives a renamed folder both of its paths', async () => {
  const world = await newWorld()
  write(world, 'before/below/file', 'content')
  const first = await world.keep()
  renameSync(join(world.folder, 'before'), join(world.folder, 'after'))
  const second = await world.keep()
  const { items } = engine.findPaths(world.repository, { pattern: 'file' })
  expect(items.map(({ path, snapshotIds }) => [path.toString(), snapshotIds])).toEqual([
    ['after/below/file', [second.id]],
    ['before/below/file', [first.id]],
  ])
  expect(brief(engine.diffSnapshots(world.repository, first, second))).toEqual([
    'renamed before > after',
  ])
})

it('follows a file through renames', async () => {
  const world = await newWorld()
  write(world, 'one', randomBytesOf('first', 100_000))
  const first = await world.keep()
  const second = await world.keep()
  renameSync(join(world.folder, 'one'), join(world.folder, 'two'))
  const third = await world.keep()
  write(world, 'two', randomBytesOf('second', 50_000))
  const fourth = await world.keep()
  const versions = engine.fileHistory(world.repository, Buffer.from('two'))
  expect(
    versions.map(({ path, size, snapshots, isRename }) => [
      path.toString(),
      size,
      snapshots.map(({ id }) => id),
      isRename,
    ]),
  ).toEqual([
    ['two', 50_000, [fourth.id], false],
    ['two', 100_000, [third.id], true],
    ['one', 100_000, [second.id, first.id], false],
  ])
  const unfollowed = engine.fileHistory(world.repository, Buffer.from('two'), { follow: false })
  expect(unfollowed).toHaveLength(2)
})

it('follows a rename past snapshots of other paths, and leaves none of them out', async () => {
  const world = await newWorld()
  const { repository, folder } = world
  write(world, 'part/one', randomBytesOf('first', 100_000))
  const keep = async (path: string): Promise<Snapshot> => {
    const { snapshot } = await save(repository, path, { base: folder, readAll: true })
    return snapshot
  }
  const part = (): Promise<Snapshot> => keep(join(folder, 'part'))
  const whole = (): Promise<Snapshot> => keep(folder)
  const first = await whole()
  const second = await part()
  renameSync(join(folder, 'part/one'), join(folder, 'part/two'))
  const third = await part()
  write(world, 'part/two', randomBytesOf('between', 50_000))
  const fourth = await part()
  write(world, 'part/two', randomBytesOf('first', 100_000))
  const fifth = await whole()
  const versions = engine.fileHistory(repository, Buffer.from('part/two'))
  expect(
    versions.map(({ path, size, snapshots, isRename }) => [
      path.toString(),
      size,
      snapshots.map(({ id }) => id),
      isRename,
    ]),
  ).toEqual([
    ['part/two', 100_000, [fifth.id], false],
    ['part/two', 50_000, [fourth.id], false],
    ['part/two', 100_000, [third.id], true],
    ['part/one', 100_000, [second.id, first.id], false],
  ])
})

it('tells what a deletion frees', async () => {
  const world = await newWorld()
  write(world, 'data/shared', randomBytesOf('shared', 200_000))
  write(world, 'data/own', randomBytesOf('own 1', 100_000))
  const first = await world.keep()
  write(world, 'data/own', randomBytesOf('own 2', 150_000))
  const second = await world.keep()
  const { totals, bySnapshot, byFolder, isComplete } = engine.repositoryStatistics(world.repository)
  expect(isComplete).toBe(true)
  expect(totals.snapshots).toBe(2)
  expect(totals.unusedBytes).toBe(0)
  expect(byFolder.map(({ path }) => path?.toString())).toContain('data')
  const [newest, oldest] = bySnapshot
  expect([newest.id, oldest.id]).toEqual([second.id, first.id])
  expect(newest.exclusiveBytes).toBeGreaterThanOrEqual(150_000)
  expect(newest.sharedBytes).toBeGreaterThanOrEqual(200_000)
  const freed = engine.deletionStatistics(world.repository, [first.id, second.id]).freedBytes
  expect(freed).toBeCloseTo(totals.neededBytes, -1)
  expect(engine.deletionStatistics(world.repository, [first.id]).freedBytes).toBe(
    oldest.exclusiveBytes,
  )
})

it('lists a directory in parts', async () => {
  const world = await newWorld()
  for (let number = 0; number < 30; number++) write(world, `many/${number}`, `${number}`)
  const snapshot = await world.keep()
  const names: string[] = []
  for (let cursor: string | undefined; ;) {
    const { items, nextCursor } = engine.listDirectory(
      world.repository,
      snapshot,
      Buffer.from('many'),
      { limit: 7, ...(cursor !== undefined && { cursor }) },
    )
    names.push(...items.map(({ path }) => path.toString()))
    if (nextCursor === null) break
    cursor = nextCursor
  }
  const all = Array.from({ length: 30 }, (_, number) => `many/${number}`).sort()
  expect(names).toEqual(all)
  const { items, total } = engine.listDirectory(world.repository, snapshot, Buffer.from('many'), {
    offset: 17,
    limit: 5,
  })
  expect([items.map(({ path }) => path.toString()), total]).toEqual([all.slice(17, 22), 30])
})
