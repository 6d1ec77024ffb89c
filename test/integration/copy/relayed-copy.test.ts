import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { flipBit, sizeOf } from '../../support/damage.ts'
import { directory, file, makeTree, sparseFile } from '../../support/make-tree.ts'
import { logLines, randomBytesOf } from '../../support/random-bytes.ts'
import {
  findings,
  letStampsAge,
  namesIn,
  restoreDifferences,
  save,
  withThreads,
} from '../../support/repositories.ts'
import { fastFolder, scratchFolder } from '../../support/scratch.ts'
import { copy, newPair } from './two-repositories.ts'

const MiB = 1024 * 1024

/** Two files that are long enough for all threads, one of them with holes, between small ones. */
function longFiles(): string {
  const folder = scratchFolder(fastFolder)
  makeTree(folder, {
    'a small one': file('before'),
    logs: file(Buffer.concat([logLines('long', 20 * MiB), randomBytesOf('long', 45 * MiB)])),
    more: directory({
      sparse: sparseFile(90 * MiB, [
        [0, randomBytesOf('first', 3 * MiB)],
        [10 * MiB, randomBytesOf('middle', 9 * MiB + 12_345)],
        [80 * MiB, randomBytesOf('last', 100_000)],
      ]),
      'z small one': file('behind'),
    }),
  })
  return folder
}

describe('a file that is long enough for all threads', () => {
  it.each([0, 1, 2])('is copied to the blobs of a backup of it (%i threads)', async (threads) => {
    const folder = longFiles()
    const { source, target } = await newPair()
    await letStampsAge()
    await withThreads(threads, async () => {
      const native = await save(target, folder)
      await save(source, folder)
      const { snapshots } = await copy(target, source, { readAll: true })
      expect(snapshots[0]).toMatchObject({ outcome: 'copied', filesRead: 4, storedBytesAdded: 0 })
      const saved = snapshots[0].saved
      expect(saved?.tree).toEqual(native.snapshot.tree)
      if (!saved) throw new Error('There is no copy')
      expect(await restoreDifferences(target, saved, folder)).toEqual([])
      expect(await findings(target)).toEqual([])
    })
  })

  it('is named when a part of it is lost, and nothing is committed', async () => {
    const folder = longFiles()
    const { source, target, a } = await newPair()
    await withThreads(2, async () => {
      await save(source, folder)
      const packs = namesIn(a.location, 'packs')
      const [largest] = packs.toSorted(
        (left, right) => sizeOf(a.location, `packs/${right}`) - sizeOf(a.location, `packs/${left}`),
      )
      flipBit(join(a.location, 'packs', largest), sizeOf(a.location, `packs/${largest}`) * 4)
      const { snapshots } = await copy(target, source)
      expect(snapshots[0]).toMatchObject({ outcome: 'damaged', saved: null })
      const paths = snapshots[0].lost.map(({ path }) => path.toString())
      expect(['/logs', '/more/sparse']).toEqual(expect.arrayContaining(paths))
      expect(paths.length).toBeGreaterThan(0)
    })
  })

  it('is given up soon when the copy is interrupted', async () => {
    const folder = longFiles()
    const { source, target, a, b } = await newPair()
    await withThreads(2, async () => {
      await save(source, folder)
      const controller = new AbortController()
      const work = copy(target, source, {
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type === 'progress' && event.bytesDone > 8 * MiB) controller.abort()
        },
      })
      await expect(work).rejects.toMatchObject({ name: 'AbortError' })
      expect([namesIn(a.location, 'locks'), namesIn(b.location, 'locks')]).toEqual([[], []])
      expect(namesIn(b.location, 'tmp')).toEqual([])
      expect((await copy(target, source)).outcomes).toEqual(['copied'])
      expect(await findings(target)).toEqual([])
    })
  })
})
