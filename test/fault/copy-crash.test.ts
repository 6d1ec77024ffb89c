import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engine } from '../support/built-engine.ts'
import { resultOf, startOperation } from '../support/child-process.ts'
import type { ChildTask } from '../support/children/engine-child.ts'
import { expectSound } from '../support/expect-sound.ts'
import { seededRandom } from '../support/faulty-storage.ts'
import { directory, file, makeTree, type Tree } from '../support/make-tree.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  findings,
  newRepository,
  objectContents,
  packBytesOf,
  passphrase,
  restoreDifferences,
  save,
  type TestRepository,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

const MiB = 1024 * 1024

function folderOf(seed: string, megabytes: number): string {
  const folder = scratchFolder(fastFolder)
  const many: Record<string, Tree[string]> = {}
  for (let index = 0; index < 60; index++)
    many[`file-${index}`] = file(logLines(seed + index, 5000))
  makeTree(folder, {
    many: directory(many),
    large: file(randomBytesOf(seed, megabytes * MiB)),
  })
  return folder
}

function startCopy(
  target: TestRepository,
  source: TestRepository,
  pause?: ChildTask['pause'],
): ReturnType<typeof startOperation> {
  const { location, cacheDirectory, isEncrypted } = source
  const from = { location, cacheDirectory, ...(isEncrypted && { passphrase }) }
  return startOperation(target, { operation: 'copy', from, ...(pause && { pause }) })
}

describe('a copy that is killed', () => {
  const points: readonly [string, NonNullable<ChildTask['pause']>, number][] = [
    ['behind its lock', { call: 'put', prefix: 'locks/', when: 'after', nth: 1 }, 0],
    ['before its packs are durable', { call: 'sync', prefix: 'packs', when: 'before', nth: 1 }, 0],
    ['before its index object', { call: 'put', prefix: 'index/', when: 'before', nth: 1 }, 0],
    ['behind its index object', { call: 'put', prefix: 'index/', when: 'after', nth: 1 }, 0],
    [
      'before the snapshot object',
      { call: 'put', prefix: 'snapshots/', when: 'before', nth: 1 },
      0,
    ],
    ['behind the snapshot object', { call: 'put', prefix: 'snapshots/', when: 'after', nth: 1 }, 1],
    ['between two snapshots', { call: 'put', prefix: 'snapshots/', when: 'before', nth: 2 }, 1],
  ]

  it.each(points)(
    '%s leaves a sound target, and the next one goes on',
    async (_name, pause, saved) => {
      const source = await newRepository()
      const target = await newRepository({ isEncrypted: true })
      const folder = folderOf('first', 1)
      const handle = await source.open()
      await save(handle, folder)
      makeTree(folder, { later: file(randomBytesOf('later', 50_000)) })
      await save(handle, folder)
      const before = objectContents(source.location)
      const child = startCopy(target, source, pause)
      await child.says('paused')
      await child.kill()
      await expectSound(target, saved)
      const bytesKept = packBytesOf(target.location)
      const present = saved === 1 ? 'present' : 'copied'
      expect(await resultOf(startCopy(target, source))).toBe(`copied ${present} copied`)
      await expectSound(target, 2)
      // What was in packs was not stored again: one more snapshot needs little.
      if (bytesKept > MiB) expect(packBytesOf(target.location)).toBeLessThan(bytesKept + 100_000)
      const judge = await target.open()
      const latest = engine.resolveSnapshot(judge, 'latest')
      expect(await restoreDifferences(judge, latest, folder)).toEqual([])
      // Its lock is a dead process's by now, and goes with the next one that comes.
      const after = objectContents(source.location)
      for (const name of after.keys()) if (name.startsWith('locks/')) after.delete(name)
      expect(after).toEqual(before)
    },
  )

  it('uses the whole packs of one that was cut off in the middle', async () => {
    const source = await newRepository()
    const target = await newRepository()
    const folder = folderOf('packs', 69)
    await save(await source.open(), folder)
    const child = startCopy(target, source)
    const packs = join(target.location, 'packs')
    await child.says('open')
    while (readdirSync(packs).length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    await child.kill()
    const kept = packBytesOf(target.location)
    expect(kept).toBeGreaterThan(20 * MiB)
    const [judge, from] = [await target.open(), await source.open()]
    const { snapshots } = await engine.copySnapshots(judge, from)
    expect(snapshots[0].storedBytesAdded).toBeLessThan(71 * MiB - kept)
    expect(packBytesOf(target.location)).toBeLessThan(71 * MiB)
    const saved = snapshots[0].saved
    if (!saved) throw new Error('There is no copy')
    expect(await restoreDifferences(judge, saved, folder)).toEqual([])
  })

  it('at random moments never costs anything, and copies all in the end', async () => {
    const seed = Date.now() % 1_000_000
    const random = seededRandom(seed)
    const source = await newRepository()
    const target = await newRepository()
    const handle = await source.open()
    const folder = folderOf('random', 1)
    for (let round = 0; round < 6; round++) {
      makeTree(folder, { [`round ${round}`]: file(randomBytesOf(round, 300_000)) })
      await save(handle, folder)
    }
    let count = 0
    for (let turn = 0; turn < 12; turn++) {
      const child = startCopy(target, source)
      await child.says('open')
      const timer = setTimeout(() => void child.kill(), random() * 300)
      await child.ended
      clearTimeout(timer)
      const judge = await target.open()
      const snapshots = engine.listSnapshots(judge)
      expect(snapshots.length, `seed ${seed}`).toBeGreaterThanOrEqual(count)
      count = snapshots.length
      expect(await findings(judge), `seed ${seed}`).toEqual([])
      await judge.close()
    }
    await resultOf(startCopy(target, source))
    await expectSound(target, 6)
    const judge = await target.open()
    const latest = engine.resolveSnapshot(judge, 'latest')
    expect(await restoreDifferences(judge, latest, folder)).toEqual([])
  })
})
