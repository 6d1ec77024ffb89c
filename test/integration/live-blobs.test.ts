import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { LiveBlobs } from '../../src/operations/prune/live-blobs.ts'
import { directory, file, makeTree } from '../support/make-tree.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { newRepository, save } from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

it('tells of a blob that is lost in each snapshot that needs it', async () => {
  const repository = await newRepository()
  const handle = await repository.open()
  const source = scratchFolder(fastFolder)
  makeTree(source, { folder: directory({ a: file(randomBytesOf('a', 300_000)) }) })
  const { snapshot: first } = await save(handle, source)
  // Another page, the same chunks.
  utimesSync(join(source, 'folder', 'a'), 1, 1)
  const { snapshot: second } = await save(handle, source)
  expect(second.tree.id).not.toBe(first.tree.id)
  const { blobs } = handle.catalogue
  const dataRows = [...blobs.packs()]
    .map(({ row }) => row)
    .filter((row) => [...blobs.segments(row)].some(({ kind }) => kind === 0))
  // The pages of the second one lie in another pack: it lacks nothing but the chunks.
  expect(dataRows).toHaveLength(1)
  const condemned = new Set<number>()
  const live = new LiveBlobs(handle, { lost: new Set(dataRows), condemned })
  expect([live.markRest(first), live.markRest(second)]).toEqual([false, false])
  const whole = new LiveBlobs(handle, { lost: new Set(), condemned })
  expect([whole.markRest(first), whole.markRest(second)]).toEqual([true, true])
})
