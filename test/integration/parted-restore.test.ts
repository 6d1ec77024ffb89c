import {
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository, Snapshot } from '../../src/index.ts'
import { createBlobHashers } from '../../src/repository/blob-hashers.ts'
import { blobKinds } from '../../src/repository/segment-buffer.ts'
import { engine } from '../support/built-engine.ts'
import { flipBit } from '../support/damage.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
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

const MiB = 1024 * 1024

interface Saved {
  readonly repository: TestRepository
  readonly handle: Repository
  readonly source: string
  readonly snapshot: Snapshot
}

/** 150 MiB, of which 12 are written, on both sides of the borders of 32 MiB; the rest are holes. */
function writeLargeFile(path: string): void {
  const descriptor = openSync(path, 'w')
  for (const [piece, position] of [0, 31, 63, 64, 100, 149].entries()) {
    const bytes = randomBytesOf(`piece ${piece}`, 2 * MiB)
    writeSync(descriptor, bytes, 0, position === 149 ? MiB : bytes.length, position * MiB)
  }
  ftruncateSync(descriptor, 150 * MiB)
  closeSync(descriptor)
}

function makeSource(): string {
  const source = scratchFolder(fastFolder)
  mkdirSync(join(source, 'deep/er'), { recursive: true })
  writeFileSync(join(source, 'deep/er/before'), 'small')
  writeLargeFile(join(source, 'deep/er/large'))
  linkSync(join(source, 'deep/er/large'), join(source, 'the same'))
  writeFileSync(join(source, 'deep/er/small'), 'small')
  writeFileSync(join(source, 'deep/last'), 'small')
  return source
}

function partialFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.includes('.holdfast-partial-'))
}

async function saved(isEncrypted: boolean): Promise<Saved> {
  const repository = await newRepository({ isEncrypted })
  const handle = await repository.open()
  const source = makeSource()
  return { repository, handle, source, snapshot: (await save(handle, source)).snapshot }
}

describe('a file that is large enough for all threads', () => {
  it('comes back whole, with its holes, times and other names', async () => {
    const { handle, source, snapshot } = await saved(true)
    for (const threads of [0, 1, 2, 3]) {
      await withThreads(threads, async () => {
        expect(await restoreDifferences(handle, snapshot, source), `${threads}`).toEqual([])
      })
    }
  })

  it('replaces what stands there by the rules', async () => {
    const { handle, source, snapshot } = await saved(false)
    await withThreads(2, async () => {
      const { target } = await restoreTo(handle, snapshot)
      writeFileSync(join(target, 'deep/er/large'), 'another')
      const options = { snapshot, target: Buffer.from(target) }
      await engine.restore(handle, { ...options, overwrite: 'never' })
      expect(readFileSync(join(target, 'deep/er/large'), 'latin1')).toBe('another')
      const { errors } = await engine.restore(handle, options)
      expect(errors).toBe(0)
      expect(treeDifferences(scanTree(source), scanTree(target))).toEqual([])
    })
  })

  it('is not there at all when a part of it is lost, and the others are', async () => {
    const { repository, handle, source, snapshot } = await saved(true)
    const [pack] = handle.catalogue.blobs.packs().sort((left, right) => right.bytes - left.bytes)
    // What the small files hold lies beside pieces of the large one, and has to stay whole.
    const small = handle.catalogue.blobs.find(
      createBlobHashers(handle.context.keys)[blobKinds.data].hash(Buffer.from('small')),
    )
    expect(small).toBeDefined()
    const segments = handle.catalogue.blobs
      .segments(pack.row)
      .filter(({ kind }) => kind === blobKinds.data)
      .filter(({ number }) => small?.pack.row !== pack.row || small.segment !== number)
    const longest = segments.sort((left, right) => right.payloadBytes - left.payloadBytes)[0]
    flipBit(join(repository.location, 'packs', pack.id), (longest.offset + 5) * 8)
    await withThreads(2, async () => {
      const { target, problems } = await restoreTo(handle, snapshot)
      const differences = treeDifferences(scanTree(source), scanTree(target))
      expect(differences.toSorted()).toEqual(['deep/er/large: missing', 'the same: missing'])
      expect(problems.filter((text) => text.includes('deep/er/large'))).not.toEqual([])
      expect(partialFiles(target)).toEqual([])
    })
  })

  it('leaves nothing half-written when the restore is stopped', async () => {
    const { handle, snapshot } = await saved(false)
    await withThreads(2, async () => {
      const target = join(scratchFolder(fastFolder), 'target')
      const stop = new AbortController()
      const restoring = engine.restore(handle, {
        snapshot,
        target: Buffer.from(target),
        signal: stop.signal,
        onEvent: () => stop.abort(new Error('stopped')),
      })
      const isStopped = await restoring.then(
        () => false,
        () => true,
      )
      expect(partialFiles(target)).toEqual([])
      if (isStopped) expect(readdirSync(join(target, 'deep/er'))).not.toContain('large')
    })
  })
})
