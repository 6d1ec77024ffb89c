import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../src/index.ts'
import type { PackId } from '../../src/model/ids.ts'
import { engine } from '../support/built-engine.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import {
  cloneRepository,
  codeOf,
  namesIn,
  newRepository,
  save,
  type TestRepository,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

const watched = [
  'getRange',
  'stat',
  'list',
  'listNames',
  'put',
  'delete',
  'sync',
  'createTemporarySync',
  'writeTemporarySync',
  'readTemporarySync',
  'publish',
] as const

/** Makes the Nth call of the storage fail, before it does anything or after. @returns whether it was reached */
function failAt(repository: Repository, nth: number, isAfter: boolean): () => boolean {
  let count = 0
  const storage = repository.storage as unknown as Record<string, (...args: unknown[]) => unknown>
  for (const name of watched) {
    // Nobody could clean up a file that he was not told of.
    if (isAfter && name === 'createTemporarySync') continue
    const original = storage[name].bind(storage)
    storage[name] = (...args: unknown[]): unknown => {
      count += 1
      if (count !== nth) return original(...args)
      const fault = new engine.RepositoryError('STORAGE_FAILED', `Cannot ${name}: EIO`)
      if (!isAfter) throw fault
      const result = original(...args)
      if (result instanceof Promise) {
        return result.then(() => {
          throw fault
        })
      }
      throw fault
    }
  }
  return () => count >= nth
}

/** Packs in groups all of whose parity objects are in the storage under their names. */
function covered(repository: Repository, location: string): Set<PackId> {
  const stored = new Set(namesIn(location, 'parity'))
  const whole = repository.catalogue.parity
    .groups()
    .filter(({ objects }) => objects.every((id) => id !== null && stored.has(id)))
  return new Set(whole.flatMap(({ packs }) => packs.flatMap((pack) => (pack ? [pack.id] : []))))
}

async function grown(): Promise<TestRepository> {
  const place = await newRepository()
  const repository = await place.open()
  const source = scratchFolder(fastFolder)
  mkdirSync(join(source, 'data'))
  await engine.setParity(repository, { dataPacks: 3, parityPacks: 2 })
  for (let night = 0; night < 3; night++) {
    writeFileSync(join(source, 'data', `${night}`), randomBytesOf(night, 150_000))
    await save(repository, source)
  }
  await repository.close()
  return place
}

describe('an update of parity in which one call of the storage fails', () => {
  it.each([
    ['before it is done', false],
    ['after it is done', true],
  ])(
    'leaves every pack as protected as before, and nothing behind (%s)',
    async (_, isAfter) => {
      const original = await grown()
      const folder = scratchFolder(fastFolder)
      for (let nth = 1, isReached = true; isReached; nth += 3) {
        const place = cloneRepository(original, join(folder, `${nth}`))
        const repository = await place.open()
        const before = covered(repository, place.location)
        expect(before.size).toBeGreaterThan(2)
        const reached = failAt(repository, nth, isAfter)
        // Another setting makes every group anew and removes the old ones.
        const outcome = await engine
          .setParity(repository, { dataPacks: 4, parityPacks: 1 })
          .then(() => 'done')
          .catch((error: unknown) => (error as Error).message)
        isReached = reached()
        if (!isReached) expect(outcome).toBe('done')
        const after = await place.open()
        const now = covered(after, place.location)
        expect(
          [...before].filter((id) => !now.has(id)),
          `call ${nth}: ${outcome}`,
        ).toEqual([])
        expect(readdirSync(join(place.location, 'tmp')), `call ${nth}`).toEqual([])
        if (nth % 4 === 0) {
          await engine.setParity(after, { dataPacks: 4, parityPacks: 1 })
          const status = await engine.parityStatus(after)
          expect(status).toMatchObject({ protectedPacks: status.packs, degradedGroups: 0 })
        }
        await repository.close().catch(() => undefined)
        await after.close()
      }
    },
    60_000,
  )
})

describe('an update of parity', () => {
  it('removes nothing before what replaces it is durable', async () => {
    const place = await grown()
    const repository = await place.open()
    const calls: string[] = []
    const { storage } = repository
    const publish = storage.publish.bind(storage)
    const sync = storage.sync.bind(storage)
    const deleteObject = storage.delete.bind(storage)
    storage.publish = async (file, name) => {
      await publish(file, name)
      calls.push(`publish ${name.split('/')[0]}`)
    }
    storage.sync = async (folder) => {
      await sync(folder)
      calls.push(`sync ${folder}`)
    }
    storage.delete = async (name) => {
      calls.push(`delete ${name.split('/')[0]}`)
      await deleteObject(name)
    }
    await engine.setParity(repository, { dataPacks: 4, parityPacks: 1 })
    const ofParity = calls.filter((call) => call.endsWith(' parity'))
    const firstDelete = ofParity.indexOf('delete parity')
    const lastPublish = ofParity.lastIndexOf('publish parity')
    expect(lastPublish).toBeGreaterThanOrEqual(0)
    expect(firstDelete).toBeGreaterThan(lastPublish)
    expect(ofParity.slice(lastPublish, firstDelete)).toContain('sync parity')
    expect(ofParity.at(-1)).toBe('sync parity')
  })

  it('removes nothing when its lock has gone meanwhile', async () => {
    const place = await grown()
    const repository = await place.open()
    const before = namesIn(place.location, 'parity')
    const { storage } = repository
    const publish = storage.publish.bind(storage)
    storage.publish = async (file, name) => {
      await publish(file, name)
      for (const lock of namesIn(place.location, 'locks')) {
        rmSync(join(place.location, 'locks', lock))
      }
    }
    const work = engine.setParity(repository, { dataPacks: 4, parityPacks: 1 })
    expect(await codeOf(work)).toBe('REPOSITORY_LOCKED')
    expect(namesIn(place.location, 'parity')).toEqual(expect.arrayContaining(before))
  })

  it.each(['missing', 'damaged'])(
    'keeps the parity of packs whose index object is %s',
    async (state) => {
      const place = await grown()
      const indexes = namesIn(place.location, 'index').map((name) =>
        join(place.location, 'index', name),
      )
      const [path] = indexes
      const content = readFileSync(path)
      const before = namesIn(place.location, 'parity')
      if (state === 'missing') rmSync(path)
      else writeFileSync(path, 'HOLDFAST')
      // What is in the catalogue already is not read again.
      rmSync(join(place.location, 'catalogue.db'))
      const repository = await place.open()
      await engine.updateParity(repository)
      const named = new Set<string>(repository.catalogue.blobs.packs().map(({ id }) => id))
      await repository.close()
      expect(namesIn(place.location, 'parity')).toEqual(expect.arrayContaining(before))
      const packName = namesIn(place.location, 'packs').find((name) => !named.has(name)) ?? 'none'
      // Also when a pack is lost besides that nothing names at the moment.
      if (state === 'damaged') {
        const pack = readFileSync(join(place.location, 'packs', packName))
        rmSync(join(place.location, 'packs', packName))
        const other = await place.open()
        await engine.updateParity(other)
        await other.close()
        expect(namesIn(place.location, 'parity')).toEqual(expect.arrayContaining(before))
        writeFileSync(join(place.location, 'packs', packName), pack)
      }
      writeFileSync(path, content)
      const healed = await place.open()
      const status = await engine.parityStatus(healed)
      expect(status).toMatchObject({ protectedPacks: status.packs, degradedGroups: 0 })
    },
  )

  it('removes nothing because a setting cannot be read', async () => {
    const place = await grown()
    const before = namesIn(place.location, 'parity')
    for (const name of namesIn(place.location, 'journal')) {
      writeFileSync(join(place.location, 'journal', name), 'HOLDFAST')
    }
    // What is in the catalogue already is not read again.
    rmSync(join(place.location, 'catalogue.db'))
    const repository = await place.open()
    expect(await engine.parityStatus(repository)).toMatchObject({ setting: null })
    await engine.updateParity(repository)
    expect(namesIn(place.location, 'parity')).toEqual(before)
  })
})
