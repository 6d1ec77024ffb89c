import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { randomBytesOf as randomBytes } from '../support/random-bytes.ts'
import { namesIn, newRepository, type TestRepository } from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

/** A repository with one snapshot, all packs of which are gone. */
async function newRobbed(): Promise<{ place: TestRepository; source: string }> {
  const source = scratchFolder(fastFolder)
  writeFileSync(join(source, 'file'), randomBytes(200_000, 1))
  const place = await newRepository()
  await engine.snapshot(await place.open(), { paths: [source] })
  const packs = join(place.location, 'packs')
  for (const name of readdirSync(packs)) rmSync(join(packs, name))
  return { place, source }
}

/** As when the machine slept from the moment on in which the lock was taken, and a prune of another host found it stale. */
function loseLock(repository: Repository, location: string): void {
  const { storage } = repository
  const listNames = storage.listNames.bind(storage)
  storage.listNames = async (folder) => {
    if (folder === 'index') {
      for (const name of namesIn(location, 'locks')) rmSync(join(location, 'locks', name))
    }
    return await listNames(folder)
  }
}

/** The engine under test is the built one, with classes of its own. */
async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => 'done',
    (error: { code?: unknown }) => error.code,
  )
}

describe('what is missed after the lease was over', () => {
  it.each(['verify', 'check'] as const)('is no damage to a %s, and not on record', async (verb) => {
    const { place } = await newRobbed()
    const repository = await place.open()
    const records = namesIn(place.location, 'journal')
    loseLock(repository, place.location)
    expect(await codeOf(engine[verb](repository, {}))).toBe('REPOSITORY_LOCKED')
    expect(namesIn(place.location, 'journal')).toEqual(records)
    // With a lease that holds it is.
    const result = await engine[verb](await place.open(), {})
    expect(JSON.stringify(result)).toMatch(/missing|not there/)
    expect(namesIn(place.location, 'journal').length).toBeGreaterThan(records.length)
  })

  it('is no damage to a restore', async () => {
    const { place } = await newRobbed()
    const repository = await place.open()
    const wanted = {
      snapshot: engine.resolveSnapshot(repository, 'latest'),
      target: Buffer.from(scratchFolder(fastFolder)),
    }
    const real = await codeOf(engine.restore(repository, wanted))
    loseLock(repository, place.location)
    expect(real).not.toBe('REPOSITORY_LOCKED')
    expect(await codeOf(engine.restore(repository, wanted))).toBe('REPOSITORY_LOCKED')
  })

  it('is no fault of the storage to a backup', async () => {
    const { place, source } = await newRobbed()
    const repository = await place.open()
    writeFileSync(join(source, 'file'), randomBytes(200_000, 2))
    loseLock(repository, place.location)
    // Files that it had not finished were swept.
    const { storage } = repository
    const put = storage.put.bind(storage)
    storage.put = async (name, bytes) => {
      if (name.startsWith('index/')) {
        rmSync(join(place.location, 'index'), { recursive: true })
        writeFileSync(join(place.location, 'index'), '')
      }
      await put(name, bytes)
    }
    const error = await engine.snapshot(repository, { paths: [source] }).catch((caught) => caught)
    expect(error).toMatchObject({ code: 'REPOSITORY_LOCKED', cause: { code: 'STORAGE_FAILED' } })
  })
})
