import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engine } from '../support/built-engine.ts'
import { startChild } from '../support/child-process.ts'
import { streamOf } from '../support/churn-streams.ts'
import {
  contentOf,
  findings,
  newRepository,
  remarks,
  restoreTo,
  save,
  withThreads,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

describe('a folder that changes while it is saved', () => {
  it.each([0, 2])(
    'gives snapshots of what was there, without errors and without wrong bytes (%i threads)',
    async (threads) => {
      const folder = scratchFolder(fastFolder)
      const outside = scratchFolder(fastFolder)
      writeFileSync(join(outside, 'secret'), 'must not be read')
      const repository = await (await newRepository()).open()
      const seed = Date.now() % 100_000
      const churn = startChild('churn', [folder, String(seed), outside])
      await churn.says('churning')
      let fileCount = 0
      const wrong: string[] = []
      await withThreads(threads, async () => {
        for (let turn = 0; turn < 25; turn++) {
          const { snapshot, events, statistics } = await save(repository, folder)
          const unexpected = remarks(events).filter(
            (remark) => !/^notice \S+: it (vanished before|changed while)/.test(remark),
          )
          // Between looking and opening, a folder or a file can become a link or a folder.
          const known = /^unreadable \/[df]\S+: (ENOTDIR|ELOOP|EISDIR|EINVAL|EXDEV)$/
          wrong.push(...unexpected.filter((remark) => !known.test(remark)))
          expect(statistics.unreadable).toBe(unexpected.length)
          const listing = engine.listTree(repository, snapshot, Buffer.from('/'), {
            recursive: true,
          })
          for (const { path, mode, size } of listing) {
            if ((mode & 0o170000) !== 0o100000) continue
            fileCount += 1
            const name = path.toString()
            const stored = await contentOf(repository, snapshot, path)
            if (stored.length !== size) wrong.push(`${name}: ${stored.length} bytes of ${size}`)
            if (name === '.new' || name === 'secret') continue
            const number = Number(/f(\d+)$/.exec(name)?.[1])
            const expected = streamOf(number).subarray(0, stored.length)
            if (!stored.equals(expected)) wrong.push(`${name}: wrong bytes`)
          }
        }
        expect(wrong, `seed ${seed}`).toEqual([])
        await churn.kill()
        expect(fileCount).toBeGreaterThan(20)
        expect(await findings(repository)).toEqual([])
        const { problems } = await restoreTo(
          repository,
          engine.resolveSnapshot(repository, 'latest'),
        )
        expect(problems).toEqual([])
      })
      // The link's target may be in a listing, its content never.
      const secret = Buffer.from('must not be read')
      for (const { id } of engine.listSnapshots(repository)) {
        const snapshot = engine.resolveSnapshot(repository, id)
        for (const entry of engine.listTree(repository, snapshot, Buffer.from('/'), {
          recursive: true,
        })) {
          if (entry.size !== secret.length || (entry.mode & 0o170000) !== 0o100000) continue
          expect((await contentOf(repository, snapshot, entry.path)).equals(secret)).toBe(false)
        }
      }
    },
  )
})
