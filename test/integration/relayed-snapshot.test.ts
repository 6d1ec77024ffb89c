import {
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { randomBytesOf } from '../support/random-bytes.ts'
import {
  findings,
  letStampsAge,
  newRepository,
  remarks,
  restoreDifferences,
  save,
  withThreads,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

const MiB = 1024 * 1024
/** From here on all threads store a file. */
const limit = 64 * MiB

/** Some of it written, on both sides of the windows' borders; the rest are holes. */
function writeSparse(path: string, size: number): void {
  const descriptor = openSync(path, 'w')
  for (const [piece, position] of [0, 3, 7, 8, 30, 63].entries()) {
    const bytes = randomBytesOf(`${path.length} ${piece}`, MiB + piece * 70_001)
    writeSync(descriptor, bytes, 0, bytes.length, position * MiB)
  }
  ftruncateSync(descriptor, size)
  closeSync(descriptor)
}

function makeSource(): string {
  const source = scratchFolder(fastFolder)
  mkdirSync(join(source, 'deep/er'), { recursive: true })
  writeFileSync(join(source, 'deep/er/before'), 'small')
  for (const more of [-1, 0, 1]) writeSparse(join(source, `deep/er/limit${more}`), limit + more)
  writeSparse(join(source, 'deep/er/long'), 200 * MiB)
  linkSync(join(source, 'deep/er/long'), join(source, 'the same'))
  writeFileSync(join(source, 'deep/er/dense'), randomBytesOf('dense', 65 * MiB + 17))
  writeFileSync(join(source, 'deep/last'), 'small')
  return source
}

describe('files that are large enough for all threads', () => {
  it.each([2, 3])('have the entries that one thread gives them (%i threads)', async (threads) => {
    const handle = await (await newRepository({ isEncrypted: threads === 2 })).open()
    const source = makeSource()
    await letStampsAge()
    const shared = await withThreads(threads, () => save(handle, source))
    expect(remarks(shared.events)).toEqual([])
    expect(await findings(handle)).toEqual([])
    expect(await restoreDifferences(handle, shared.snapshot, source)).toEqual([])
    for (const fewer of [0, 1]) {
      const alone = await withThreads(fewer, () => save(handle, source, { readAll: true }))
      expect(alone.snapshot.tree).toEqual(shared.snapshot.tree)
      expect(alone.statistics).toMatchObject({ dataBlobsAdded: 0, treeBlobsAdded: 0 })
    }
    utimesSync(join(source, 'deep/er/dense'), 1_000_000, 1_000_000)
    const touched = await withThreads(threads, () => save(handle, source))
    expect(touched.statistics).toMatchObject({ changedFiles: 1, dataBlobsAdded: 0 })
  })
})
