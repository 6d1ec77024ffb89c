import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository, Snapshot } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { flipBit } from '../support/damage.ts'
import { directory, file, makeTree } from '../support/make-tree.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  newRepository,
  restoreDifferences,
  restoreTo,
  save,
  withThreads,
  type TestRepository,
} from '../support/repositories.ts'
import { scanTree, treeDifferences } from '../support/scan-tree.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

const days = 30
const folders = 12
const filesPerFolder = 60

interface History {
  readonly repository: TestRepository
  readonly handle: Repository
  readonly source: string
  readonly snapshots: readonly Snapshot[]
}

function pathOf(source: string, number: number): string {
  return join(source, `folder ${number % folders}`, `file ${Math.floor(number / folders)}`)
}

function contentOf(number: number, day: number): Buffer {
  const seed = `${number} of day ${day}`
  if (number % 50 === 0) return randomBytesOf(seed, 150_000)
  return number % 3 === 0 ? randomBytesOf(seed, 1 + (number % 37) * 200) : logLines(seed, 3000)
}

/** A prime step, so that what changes on one day lies in every folder. */
function changesOn(number: number, day: number): boolean {
  return number >= day && (number - day) % 23 === 0
}

/** Thirty days of a folder in which every day other files change all over the tree. */
async function history(isEncrypted: boolean): Promise<History> {
  const repository = await newRepository({ isEncrypted })
  const handle = await repository.open()
  const source = scratchFolder(fastFolder)
  const numbers = Array.from({ length: folders * filesPerFolder }, (_, number) => number)
  const folderOf = (folder: number): Parameters<typeof makeTree>[1] =>
    Object.fromEntries(
      numbers
        .filter((number) => number % folders === folder)
        .map((number) => [`file ${Math.floor(number / folders)}`, file(contentOf(number, 0))]),
    )
  makeTree(
    source,
    Object.fromEntries(
      Array.from({ length: folders }, (_, folder) => [
        `folder ${folder}`,
        directory(folderOf(folder)),
      ]),
    ),
  )
  const snapshots: Snapshot[] = []
  for (let day = 0; day < days; day++) {
    for (const number of day === 0 ? [] : numbers.filter((each) => changesOn(each, day))) {
      writeFileSync(pathOf(source, number), contentOf(number, day))
    }
    snapshots.push((await save(handle, source)).snapshot)
  }
  return { repository, handle, source, snapshots }
}

/** Damages one segment of data that the last day has stored. */
function damageNewest({ repository, handle }: History): void {
  const packs = handle.catalogue.blobs.packs().sort((left, right) => right.row - left.row)
  for (const { row, id } of packs) {
    const segment = handle.catalogue.blobs.segments(row).find(({ kind }) => kind === 0)
    if (!segment) continue
    flipBit(join(repository.location, 'packs', id), (segment.offset + 5) * 8)
    return
  }
}

describe.each([false, true])('after thirty small backups (encrypted: %s)', (isEncrypted) => {
  it('the last one is restored byte for byte, whatever number of threads does it', async () => {
    const made = await history(isEncrypted)
    const { handle, source, snapshots } = made
    const [last] = snapshots.slice(-1)
    expect(handle.catalogue.blobs.packs().length).toBeGreaterThanOrEqual(days)
    const wanted = scanTree(source)
    for (const threads of [0, 2]) {
      await withThreads(threads, async () => {
        expect(await restoreDifferences(handle, last, source)).toEqual([])
        // Where everything is already, and where a third of it is.
        const { target } = await restoreTo(handle, last)
        for (const [number, name] of readdirSync(join(target, 'folder 3')).entries()) {
          if (number % 3 === 0) rmSync(join(target, 'folder 3', name))
          if (number % 3 === 1) writeFileSync(join(target, 'folder 3', name), 'another')
        }
        for (const again of ['after changes', 'unchanged']) {
          const result = await engine.restore(handle, {
            snapshot: last,
            target: Buffer.from(target),
          })
          expect(result.errors, again).toBe(0)
          expect(treeDifferences(wanted, scanTree(target)), again).toEqual([])
        }
      })
    }
    const early = await restoreTo(handle, snapshots[4])
    for (let number = 0; number < folders * filesPerFolder; number++) {
      const day = [4, 3, 2, 1].find((past) => changesOn(number, past)) ?? 0
      const restored = readFileSync(pathOf(early.target, number))
      expect(restored.equals(contentOf(number, day)), `file ${number}`).toBe(true)
    }
  })

  it('a damaged segment costs the files that need it and no others, and each is named once', async () => {
    const made = await history(isEncrypted)
    const { handle, source, snapshots } = made
    damageNewest(made)
    for (const threads of [0, 2]) {
      await withThreads(threads, async () => {
        const { target, problems } = await restoreTo(handle, snapshots[days - 1])
        const differences = treeDifferences(scanTree(source), scanTree(target))
        // What changed on the last day and none later lies in that one segment, or begins in it.
        const changed = Math.ceil((folders * filesPerFolder - (days - 1)) / 23)
        expect(differences.length).toBeGreaterThan(changed / 2)
        expect(differences.length).toBeLessThanOrEqual(changed)
        expect(differences.every((text) => text.endsWith(': missing'))).toBe(true)
        const named = problems.filter((text) => text.includes('its tag does not match'))
        expect(named).toHaveLength(differences.length)
      })
    }
  })
})
