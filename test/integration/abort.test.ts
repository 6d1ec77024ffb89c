import { readdirSync, readlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { directory, file, makeTree, type Tree } from '../support/make-tree.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  findings,
  namesIn,
  newRepository,
  objectContents,
  restoreDifferences,
  save,
  withThreads,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

const MiB = 1024 * 1024

function newSource(seed: string): string {
  const folder = scratchFolder(fastFolder)
  const tree: Record<string, Tree[string]> = {}
  for (let index = 0; index < 600; index++) {
    tree[`d${index % 60}`] ??= directory({})
    const place = tree[`d${index % 60}`]
    if (place.kind !== 'directory') continue
    tree[`d${index % 60}`] = directory({
      ...place.children,
      [`f${index}`]: file(logLines(`${seed} ${index}`, 3000)),
    })
  }
  makeTree(folder, { ...tree, large: file(randomBytesOf(seed, 6 * MiB)) })
  return folder
}

/** Files and folders that this process has open. SQLite keeps descriptors of closed connections as long as another one is open. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd')
    .flatMap((number) => {
      try {
        return [readlinkSync(`/proc/self/fd/${number}`)]
      } catch {
        // The descriptor of this very listing.
        return []
      }
    })
    .filter((path) => path.startsWith('/') && !path.includes('catalogue.db'))
    .sort()
}

/** A handle keeps some packs open. */
async function closePacks(handle: Repository): Promise<void> {
  await handle.forgetTrees()
  await handle.storage.close()
}

/** Interrupts the work after so many milliseconds. @returns whether it was interrupted */
async function interrupt(
  afterMs: number,
  work: (signal: AbortSignal) => Promise<unknown>,
): Promise<boolean> {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), afterMs)
  try {
    await work(controller.signal)
    return false
  } catch (error) {
    expect(error).toMatchObject({ name: 'AbortError' })
    return true
  } finally {
    clearTimeout(timer)
  }
}

describe('an interruption', () => {
  it.each([0, 2])(
    'of a snapshot at any moment leaves no snapshot, no lock, no file and no descriptor (%i threads)',
    async (threads) => {
      const repository = await newRepository()
      const handle = await repository.open()
      const source = newSource('a')
      // So that everything is loaded and open that stays open.
      await save(handle, newSource('warm'))
      const snapshots = namesIn(repository.location, 'snapshots')
      await withThreads(threads, async () => {
        await closePacks(handle)
        const before = openFiles()
        let interrupted = 0
        for (const afterMs of [0, 1, 2, 4, 7, 11, 16, 24, 34, 50, 80, 130]) {
          if (
            !(await interrupt(afterMs, (signal) => save(handle, source, { signal, readAll: true })))
          ) {
            snapshots.push('another')
            continue
          }
          interrupted += 1
          expect(namesIn(repository.location, 'snapshots')).toHaveLength(snapshots.length)
          expect(namesIn(repository.location, 'locks')).toEqual([])
          expect(namesIn(repository.location, 'tmp')).toEqual([])
        }
        expect(interrupted).toBeGreaterThan(2)
        await closePacks(handle)
        expect(openFiles()).toEqual(before)
        const { snapshot } = await save(handle, source)
        expect(await restoreDifferences(handle, snapshot, source)).toEqual([])
      })
      expect(await findings(handle)).toEqual([])
    },
  )

  it('before anything began changes nothing', async () => {
    const repository = await newRepository()
    const handle = await repository.open()
    const source = newSource('b')
    const { snapshot } = await save(handle, source)
    const before = objectContents(repository.location)
    const signal = AbortSignal.abort()
    const works: ((handle: Repository) => Promise<unknown>)[] = [
      (opened) => save(opened, source, { signal }),
      (opened) => engine.verify(opened, { signal }),
      (opened) => engine.verify(opened, { snapshots: [snapshot], signal }),
      (opened) => engine.prune(opened, { signal }),
    ]
    for (const work of works) {
      await expect(work(handle)).rejects.toMatchObject({ name: 'AbortError' })
      expect(objectContents(repository.location)).toEqual(before)
    }
  })

  it.each([0, 2])(
    'of a verification leaves no lock and no record (%i threads)',
    async (threads) => {
      const repository = await newRepository()
      const handle = await repository.open()
      for (const seed of ['c', 'd', 'e']) await save(handle, newSource(seed))
      const before = objectContents(repository.location)
      await withThreads(threads, async () => {
        let interrupted = 0
        for (const afterMs of [0, 1, 3, 6, 10, 16, 25]) {
          if (!(await interrupt(afterMs, (signal) => engine.verify(handle, { signal })))) continue
          interrupted += 1
          expect(namesIn(repository.location, 'locks')).toEqual([])
          if (interrupted === 1) expect(objectContents(repository.location)).toEqual(before)
        }
        expect(interrupted).toBeGreaterThan(0)
        expect(await findings(handle)).toEqual([])
      })
    },
  )

  it('of a prune leaves everything whole, and the next one goes on', async () => {
    const repository = await newRepository()
    const handle = await repository.open()
    const kept = newSource('kept')
    const gone = await save(handle, newSource('gone'))
    const { snapshot } = await save(handle, kept)
    await engine.forgetSnapshots(handle, [gone.snapshot])
    let interrupted = 0
    for (const afterMs of [0, 1, 2, 3, 5, 8, 12, 18]) {
      const options = { unused: { ratio: 0 }, graceMs: 0 }
      if (await interrupt(afterMs, (signal) => engine.prune(handle, { ...options, signal })))
        interrupted += 1
      expect(namesIn(repository.location, 'locks')).toEqual([])
    }
    expect(interrupted).toBeGreaterThan(0)
    await engine.prune(handle, { unused: { ratio: 0 }, graceMs: 0 })
    expect(namesIn(repository.location, 'tmp')).toEqual([])
    expect(await findings(handle)).toEqual([])
    expect(await restoreDifferences(handle, snapshot, kept)).toEqual([])
  })
})
