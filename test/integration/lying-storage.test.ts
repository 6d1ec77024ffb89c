import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import type { Repository, Snapshot } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { codeOf, namesIn, newRepository, save } from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'
import { prune } from './prune-scene.ts'

/* A storage that answers with wrong bytes, or whose listings leave something out, as an object store may. */

async function scene() {
  const place = await newRepository()
  const source = scratchFolder(fastFolder)
  const handle = await place.open()
  const change = async (seed: string): Promise<Snapshot> => {
    writeFileSync(join(source, 'file'), randomBytesOf(seed, 200_000))
    return (await save(handle, source)).snapshot
  }
  return { place, handle, change }
}

/** Changes what the next readings of an object give. */
function lie({ storage }: Repository, name: string, changes: ((bytes: Buffer) => void)[]): void {
  const get = storage.get.bind(storage)
  storage.get = async (wanted, bytesMax) => {
    const bytes = await get(wanted, bytesMax)
    if (wanted === name) changes.shift()?.(bytes)
    return bytes
  }
}

const flip =
  (bit: number) =>
  (bytes: Buffer): void => {
    bytes[bytes.length >> 1] ^= bit
  }

describe('what is read wrongly', () => {
  it('does not take the place of a snapshot that is forgotten or brought back', async () => {
    const { place, handle, change } = await scene()
    const { id } = await change('a')
    const stored = readFileSync(join(place.location, 'snapshots', id))
    lie(handle, `snapshots/${id}`, [flip(1)])
    const snapshot = engine.resolveSnapshot(handle, id)
    await engine.forgetSnapshots(handle, [snapshot])
    expect(readFileSync(join(place.location, 'forgotten', id)).equals(stored)).toBe(true)
    lie(handle, `forgotten/${id}`, [flip(1)])
    await engine.undeleteSnapshots(handle, [id])
    expect(readFileSync(join(place.location, 'snapshots', id)).equals(stored)).toBe(true)
  })

  it('differently each time moves nothing', async () => {
    const { place, handle, change } = await scene()
    const snapshot = await change('a')
    lie(handle, `snapshots/${snapshot.id}`, [flip(1), flip(2)])
    expect(await codeOf(engine.forgetSnapshots(handle, [snapshot]))).toBe('OBJECT_DAMAGED')
    expect(namesIn(place.location, 'snapshots')).toEqual([snapshot.id])
    expect(namesIn(place.location, 'forgotten')).toEqual([])
  })

  it('in the same way twice is damage, which is moved as it is', async () => {
    const { place, handle, change } = await scene()
    const snapshot = await change('a')
    lie(handle, `snapshots/${snapshot.id}`, [flip(1), flip(1)])
    await engine.forgetSnapshots(handle, [snapshot])
    expect(namesIn(place.location, 'forgotten')).toEqual([snapshot.id])
  })
})

/** From now on the storage is far away, and its listings leave out these names. */
function hide({ storage }: Repository, isHidden: (name: string) => boolean): void {
  const capabilities = { ...storage.capabilities, isRemote: true }
  Object.defineProperty(storage, 'capabilities', { value: capabilities })
  const list = storage.list.bind(storage)
  const listNames = storage.listNames.bind(storage)
  storage.list = async (folder) => (await list(folder)).filter(({ name }) => !isHidden(name))
  storage.listNames = async (folder) => (await listNames(folder)).filter((name) => !isHidden(name))
}

describe('a listing that leaves out what this machine has seen', () => {
  it.each(['snapshots/', 'index/', 'packs/'])(
    'of %s costs no snapshot its data',
    async (folder) => {
      const { place, handle, change } = await scene()
      const gone = await change('a')
      await change('b')
      await engine.forgetSnapshots(handle, [gone])
      hide(handle, (name) => name.startsWith(folder))
      await prune(handle)
      const other = await place.open({ cacheDirectory: `${place.cacheDirectory}-other` })
      await engine.repairCatalogue(other)
      expect((await engine.verify(other, {})).damaged).toEqual([])
      expect(other.catalogue.snapshots.list()).toHaveLength(1)
    },
  )

  it('of one that was brought back does not end the grace of its data', async () => {
    const { place, handle, change } = await scene()
    const { id } = await change('a')
    await engine.forgetSnapshots(handle, [engine.resolveSnapshot(handle, id)])
    await engine.undeleteSnapshots(handle, [id])
    hide(handle, (name) => name.startsWith('snapshots/'))
    await prune(handle)
    const other = await place.open({ cacheDirectory: `${place.cacheDirectory}-other` })
    await engine.repairCatalogue(other)
    expect((await engine.verify(other, {})).damaged).toEqual([])
  })
})

it('a snapshot that is listed far away and is not there keeps a prune from working, and is no damage', async () => {
  const { handle, change } = await scene()
  await change('a')
  const ghost = `snapshots/${'ab'.repeat(32)}`
  hide(handle, () => false)
  const listNames = handle.storage.listNames.bind(handle.storage)
  handle.storage.listNames = async (folder) =>
    folder === 'snapshots' ? [...(await listNames(folder)), ghost].sort() : await listNames(folder)
  expect(await codeOf(prune(handle))).toBe('STORAGE_FAILED')
})
