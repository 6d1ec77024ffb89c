import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository, Snapshot } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { flipBit } from '../support/damage.ts'
import { directory, file, makeTree } from '../support/make-tree.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  findings,
  letStampsAge,
  namesIn,
  newRepository,
  restoreDifferences,
  save,
  withThreads,
  type TestRepository,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

interface Scene {
  readonly repository: TestRepository
  readonly handle: Repository
  readonly source: string
  readonly first: Snapshot
  /** Holds data that the snapshot needs, and none of its pages. */
  readonly dataPack: string
}

const small = Array.from({ length: 40 }, (_, index) => `small ${index}`)
const names = ['random', 'text', 'deep/inside', ...small.map((name) => `many/${name}`)]

async function scene(isEncrypted = false): Promise<Scene> {
  const repository = await newRepository({ isEncrypted })
  const handle = await repository.open()
  const source = scratchFolder(fastFolder)
  makeTree(source, { random: file(randomBytesOf('random', 2_200_000)) })
  const earlier = await save(handle, source)
  const [dataPack] = namesIn(repository.location, 'packs')
  // What refers to that file lies in another pack from now on.
  makeTree(source, {
    text: file(logLines('text', 90_000)),
    deep: directory({ inside: file(randomBytesOf('inside', 70_000)) }),
    many: directory(
      Object.fromEntries(small.map((name) => [name, file(randomBytesOf(name, 2000))])),
    ),
  })
  await letStampsAge()
  const { snapshot, parent } = await save(handle, source)
  expect(parent?.id).toBe(earlier.snapshot.id)
  return { repository, handle, source, first: snapshot, dataPack }
}

/** Gives every file another time, so that none is taken from the parent unread. */
async function touchAll(source: string): Promise<void> {
  for (const name of names) {
    const path = join(source, name)
    utimesSync(path, 1, statSync(path).mtimeMs / 1000 + 10)
  }
  await letStampsAge()
}

function deletePacks({ repository }: Scene): void {
  for (const name of namesIn(repository.location, 'packs')) {
    rmSync(join(repository.location, 'packs', name))
  }
}

function deletePack({ repository, dataPack }: Scene): void {
  rmSync(join(repository.location, 'packs', dataPack))
}

function flipInData({ handle, repository }: Scene): void {
  for (const { row, id } of handle.catalogue.blobs.packs()) {
    const segment = handle.catalogue.blobs.segments(row).find(({ kind }) => kind === 0)
    if (segment) flipBit(join(repository.location, 'packs', id), (segment.offset + 5) * 8)
  }
}

describe('files that were only touched', () => {
  it.each([0, 2])('are read, and nothing of them is stored again (%i threads)', async (threads) => {
    await withThreads(threads, async () => {
      const { handle, source } = await scene()
      await touchAll(source)
      const { snapshot, statistics } = await save(handle, source)
      expect(statistics).toMatchObject({ changedFiles: names.length, dataBlobsAdded: 0 })
      expect(await restoreDifferences(handle, snapshot, source)).toEqual([])
      expect(await findings(handle)).toEqual([])
    })
  })

  it('are read by what they hold and not by what they held', async () => {
    const { handle, source } = await scene()
    const path = join(source, 'random')
    const content = readFileSync(path)
    writeFileSync(path, Buffer.concat([content.subarray(0, 900_000), content.subarray(900_100)]))
    writeFileSync(join(source, 'many', small[3]), readFileSync(join(source, 'many', small[4])))
    writeFileSync(join(source, 'many', small[4]), randomBytesOf('other', 2000))
    await letStampsAge()
    const { snapshot, statistics } = await save(handle, source)
    expect(statistics.changedFiles).toBe(3)
    // The chunk with the gap, perhaps one beside it, and the small file.
    expect(statistics.dataBlobsAdded).toBeGreaterThanOrEqual(2)
    expect(statistics.dataBlobsAdded).toBeLessThan(8)
    expect(await restoreDifferences(handle, snapshot, source)).toEqual([])
    expect(await findings(handle)).toEqual([])
  })
})

/** What happens to the repository, and who finds out about it before the next backup does. */
const losses: readonly (readonly [string, (at: Scene) => Promise<unknown>])[] = [
  ['a pack of data', async (at) => deletePack(at)],
  [
    'a pack of data, which is on record',
    async (at) => {
      deletePack(at)
      await engine.check(at.handle)
    },
  ],
  ['all packs', async (at) => deletePacks(at)],
  [
    'all packs, which is on record',
    async (at) => {
      deletePacks(at)
      await engine.check(at.handle)
    },
  ],
  ['a damaged segment, which a check has found', findDamagedSegment],
]

async function findDamagedSegment(at: Scene): Promise<void> {
  flipInData(at)
  await engine.check(at.handle, { readData: { kind: 'all' } })
}

describe.each([false, true])('lost data of touched files (encrypted: %s)', (isEncrypted) => {
  it.each(losses)('is stored again after the loss of %s', async (_what, lose) => {
    const at = await scene(isEncrypted)
    const { handle, source, first } = at
    await lose(at)
    await handle.forgetTrees()
    await touchAll(source)
    const second = await save(handle, source)
    expect(second.snapshot.parentId).toBe(first.id)
    expect(second.snapshot.knownDamage).not.toEqual([])
    expect(second.statistics.dataBlobsAdded).toBeGreaterThan(0)
    expect(await restoreDifferences(handle, second.snapshot, source)).toEqual([])
    // Of the first one's pages nothing can be stored again: they tell other times.
    if (lose === findDamagedSegment) {
      expect(await restoreDifferences(handle, first, source, ['mtime'])).toEqual([])
    }
    // What was stored again counts as stored, and the files' former contents are relied on anew.
    await touchAll(source)
    const third = await save(handle, source)
    expect(third.statistics).toMatchObject({ dataBlobsAdded: 0, changedFiles: names.length })
    expect(await restoreDifferences(handle, third.snapshot, source)).toEqual([])
  })
})

it('a parent that may refer to condemned packs is not relied on', async () => {
  const { handle, source, first, repository } = await scene()
  const other = await repository.open()
  const { storage } = handle
  const put = storage.put.bind(storage)
  storage.put = async (name, bytes) => {
    if (name.startsWith('snapshots/')) {
      await engine.forgetSnapshots(other, [first])
      await engine.prune(other, { graceMs: 0 })
    }
    await put(name, bytes)
  }
  // It refers to what the first one has stored, and the prune did not know of it.
  const second = await save(handle, source)
  storage.put = put
  expect(namesIn(repository.location, 'condemned')).toHaveLength(1)
  await touchAll(source)
  const third = await save(handle, source)
  expect(third.parent?.id).toBe(second.snapshot.id)
  expect(third.statistics.dataBlobsAdded).toBeGreaterThan(names.length)
  expect(await restoreDifferences(handle, third.snapshot, source)).toEqual([])
})
