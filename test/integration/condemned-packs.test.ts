import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it, vi } from 'vitest'
import type { Repository } from '../../src/index.ts'
import { toObjectId } from '../../src/model/ids.ts'
import type * as WriteJournalModule from '../../src/repository/write-journal.ts'
import { engine, engineModule } from '../support/built-engine.ts'
import { file, makeTree } from '../support/make-tree.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import {
  codeOf,
  namesIn,
  newRepository,
  restoreDifferences,
  save,
  type TestRepository,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

const { writeJournal } = await engineModule<typeof WriteJournalModule>('repository/write-journal')

interface Scene {
  readonly repository: TestRepository
  readonly handle: Repository
  readonly source: string
}

async function scene(): Promise<Scene> {
  const repository = await newRepository()
  const source = scratchFolder(fastFolder)
  for (const name of ['a', 'b', 'c']) {
    makeTree(source, { [name]: file(randomBytesOf(name, 40_000)) })
  }
  return { repository, handle: await repository.open(), source }
}

/** A lock of somebody on another machine. */
function plantLock({ repository }: Scene, kind: string): void {
  const record = {
    version: 1,
    kind,
    hostname: 'elsewhere',
    pid: 1,
    leaseId: '0'.repeat(32),
    knows: [],
    staleAfterMs: 30 * 60_000,
    startedAtMs: Date.now(),
    operation: kind,
  }
  writeFileSync(join(repository.location, 'locks', '0'.repeat(32)), JSON.stringify(record))
}

/** Everything is condemned, and somebody is at work who does not know it. */
async function condemnedScene(): Promise<Scene> {
  const made = await scene()
  const { handle, source, repository } = made
  const { snapshot } = await save(handle, source)
  await engine.forgetSnapshots(handle, [snapshot])
  plantLock(made, 'shared')
  expect(await engine.prune(handle, { graceMs: 0 })).toMatchObject({ packsDeleted: 0 })
  expect(namesIn(repository.location, 'condemned')).toHaveLength(1)
  return made
}

describe('runs that begin while packs are condemned', () => {
  it('say so in their lock before they look at anything else', async () => {
    const { repository, handle, source } = await condemnedScene()
    const { storage } = handle
    const listNames = storage.listNames.bind(storage)
    let known: unknown
    storage.listNames = async (folder) => {
      if (folder === 'packs') {
        const path = join(repository.location, 'locks')
        const own = namesIn(repository.location, 'locks').find((name) => !name.startsWith('000000'))
        const record = JSON.parse(readFileSync(join(path, own ?? ''), 'utf8')) as { knows: unknown }
        known ??= record.knows
      }
      return await listNames(folder)
    }
    await save(handle, source)
    expect(known).toEqual(namesIn(repository.location, 'condemned'))
  })

  it('store again what lies only there', async () => {
    const { handle, source } = await condemnedScene()
    expect((await save(handle, source)).statistics.dataBlobsAdded).toBeGreaterThanOrEqual(3)
  })

  it('do not name them again: they are not adopted', async () => {
    const { repository, source } = await condemnedScene()
    const packs = namesIn(repository.location, 'packs')
    for (const name of namesIn(repository.location, 'index')) {
      rmSync(join(repository.location, 'index', name))
    }
    const handle = await repository.open()
    await save(handle, source)
    for (const pack of packs) {
      expect(handle.catalogue.blobs.packById(toObjectId(pack))).toBeUndefined()
    }
  })

  it('trust no parent that came after the condemnation', async () => {
    const { repository, handle, source } = await scene()
    const first = await save(handle, source)
    const other = await repository.open()
    const { storage } = handle
    const put = storage.put.bind(storage)
    storage.put = async (name, bytes) => {
      if (name.startsWith('snapshots/')) {
        await engine.forgetSnapshots(other, [first.snapshot])
        await engine.prune(other, { graceMs: 0 })
      }
      await put(name, bytes)
    }
    // It has taken everything from the first one, and nothing of that is in the marks of the prune.
    const second = await save(handle, source)
    storage.put = put
    expect(namesIn(repository.location, 'condemned')).toHaveLength(1)
    const third = await save(handle, source)
    expect(third.parent?.id).toBe(second.snapshot.id)
    expect(third.statistics).toMatchObject({ unchangedFiles: 0 })
    expect(third.statistics.dataBlobsAdded).toBeGreaterThanOrEqual(3)
    expect(await restoreDifferences(handle, third.snapshot, source)).toEqual([])
  })
})

it('while somebody takes away, nobody else forgets or prunes, and brings nothing back', async () => {
  const made = await scene()
  const { handle, source } = made
  const first = await save(handle, source)
  const second = await save(handle, source)
  await engine.forgetSnapshots(handle, [first.snapshot])
  plantLock(made, 'maintenance')
  const codes = [
    await codeOf(engine.undeleteSnapshots(handle, [first.snapshot.id])),
    await codeOf(engine.forgetSnapshots(handle, [second.snapshot])),
    await codeOf(engine.prune(handle)),
    await codeOf(engine.repairCatalogue(handle)),
  ]
  expect(codes).toEqual(Array.from({ length: 4 }, () => 'REPOSITORY_LOCKED'))
  expect(await codeOf(save(handle, source))).toBe('no error')
})

describe('a prune', () => {
  function everythingGoes(handle: Repository): ReturnType<typeof engine.prune> {
    return engine.prune(handle, { unused: { ratio: 0 }, graceMs: 0 })
  }

  /** Does something when the storage is asked for the first time, with this beginning of what it is asked for. */
  function once(
    { storage }: Repository,
    call: 'put' | 'listNames',
    beginning: string,
    work: () => Promise<unknown>,
    isAfter = false,
  ): void {
    const real = storage[call].bind(storage) as (...args: unknown[]) => Promise<unknown>
    let isDone = false
    const hooked = async (...args: unknown[]): Promise<unknown> => {
      const isMet = !isDone && String(args[0]).startsWith(beginning)
      if (isMet) isDone = true
      if (isMet && !isAfter) await work()
      const result = await real(...args)
      if (isMet && isAfter) await work()
      return result
    }
    Object.assign(storage, { [call]: hooked })
  }

  it('condemns nothing while an object cannot be read', async () => {
    const { repository, handle, source } = await scene()
    const { snapshot } = await save(handle, source)
    await engine.forgetSnapshots(handle, [snapshot])
    // It names only what nobody needs.
    const [index] = namesIn(repository.location, 'index')
    const path = join(repository.location, 'index', index)
    const bytes = readFileSync(path)
    bytes[100] ^= 1
    writeFileSync(path, bytes)
    const again = await repository.open({ cacheDirectory: `${repository.location}-other` })
    again.catalogue.clear()
    expect(await codeOf(everythingGoes(again))).toBe('OBJECT_DAMAGED')
    expect(namesIn(repository.location, 'forgotten')).toEqual([snapshot.id])
    expect(namesIn(repository.location, 'condemned')).toEqual([])
    expect(namesIn(repository.location, 'packs')).not.toEqual([])
  })

  it('takes in what is committed while it begins', async () => {
    const repository = await newRepository({ isEncrypted: true })
    const source = scratchFolder(fastFolder)
    makeTree(source, { a: file(randomBytesOf('a', 40_000)) })
    const handle = await repository.open()
    const other = await repository.open({ cacheDirectory: `${repository.location}-elsewhere` })
    const first = await save(handle, source)
    await engine.forgetSnapshots(handle, [first.snapshot])
    let saved: Awaited<ReturnType<typeof save>> | undefined
    once(handle, 'listNames', 'forgotten', async () => {
      makeTree(source, { b: file(randomBytesOf('b', 40_000)) })
      saved = await save(other, source)
    })
    await everythingGoes(handle)
    if (!saved) throw new Error('Nothing was saved')
    expect(await restoreDifferences(other, saved.snapshot, source)).toEqual([])
  })

  it('keeps what a backup has come to need that began and ended while it condemned', async () => {
    const { repository, handle, source } = await scene()
    const { snapshot } = await save(handle, source)
    await engine.forgetSnapshots(handle, [snapshot])
    const other = await repository.open()
    let saved: Awaited<ReturnType<typeof save>> | undefined
    once(handle, 'put', 'condemned/', async () => {
      saved = await save(other, source)
    })
    await everythingGoes(handle)
    if (!saved) throw new Error('Nothing was saved')
    // All of it was there already, and about to go.
    expect(saved.statistics.dataBlobsAdded).toBe(0)
    expect(await restoreDifferences(handle, saved.snapshot, source)).toEqual([])
  })

  it('drops nothing in a dry run', async () => {
    const { repository, handle, source } = await scene()
    const { snapshot } = await save(handle, source)
    await engine.forgetSnapshots(handle, [snapshot])
    expect(await engine.prune(handle, { graceMs: 0, dryRun: true })).toMatchObject({
      snapshotsDropped: 1,
    })
    expect(namesIn(repository.location, 'forgotten')).toEqual([snapshot.id])
  })

  it('waits for whoever has a lock that cannot be read', async () => {
    const { repository, handle, source } = await scene()
    const { snapshot } = await save(handle, source)
    await engine.forgetSnapshots(handle, [snapshot])
    once(handle, 'put', 'condemned/', async () => {
      writeFileSync(join(repository.location, 'locks', '1'.repeat(32)), 'no lock')
      await Promise.resolve()
    })
    const before = namesIn(repository.location, 'packs')
    expect(await everythingGoes(handle)).toMatchObject({
      packsDeleted: 0,
      waitingFor: [{ operation: `unreadable lock locks/${'1'.repeat(32)}` }],
    })
    expect(namesIn(repository.location, 'packs')).toEqual(before)
  })

  it('tells the grace by the clock of the storage', async () => {
    const { repository, handle, source } = await scene()
    const { snapshot } = await save(handle, source)
    await engine.forgetSnapshots(handle, [snapshot])
    const soon = Date.now() + 8 * 86_400_000
    const now = vi.spyOn(Date, 'now').mockImplementation(() => soon)
    const result = await engine.prune(handle)
    now.mockRestore()
    expect(result).toMatchObject({ snapshotsDropped: 0 })
    expect(namesIn(repository.location, 'forgotten')).toEqual([snapshot.id])
  })

  it.each([0, 1])(
    'gives up no copy for a damaged copy (of which the pack is number %i)',
    async (which) => {
      const { repository, handle, source } = await scene()
      const { snapshot } = await save(handle, source)
      // A second run that does not see the first one stores everything again.
      const blind = await repository.open()
      const { storage } = blind
      const listNames = storage.listNames.bind(storage)
      blind.catalogue.clear()
      storage.listNames = async (folder) =>
        folder === 'index' || folder === 'packs' ? [] : await listNames(folder)
      await save(blind, source, { hostname: 'blind' })
      const third = await repository.open()
      await engine.repairCatalogue(third)
      const pack = third.catalogue.blobs.packs()[which]
      const path = join(repository.location, 'packs', pack.id)
      const bytes = readFileSync(path)
      bytes[200] ^= 1
      writeFileSync(path, bytes)
      await codeOf(everythingGoes(third))
      expect(await restoreDifferences(third, snapshot, source)).toEqual([])
    },
  )

  it('moves a snapshot to the forgotten ones whose lease was revoked and whose data is gone', async () => {
    const { repository, handle, source } = await scene()
    const whole = await save(handle, source)
    const late = scratchFolder(fastFolder)
    makeTree(late, { late: file(randomBytesOf('late', 40_000)) })
    const before = new Set(namesIn(repository.location, 'packs'))
    const { snapshot } = await save(handle, late)
    const { leaseId } = snapshot
    for (const revoked of [leaseId, whole.snapshot.leaseId]) {
      await writeJournal(handle, { kind: 'revocation', leaseId: revoked })
    }
    for (const pack of namesIn(repository.location, 'packs')) {
      if (!before.has(pack)) rmSync(join(repository.location, 'packs', pack))
    }
    // It was put when its lock had gone already, and its writer died before he looked.
    expect(await codeOf(everythingGoes(handle))).toBe('no error')
    expect(namesIn(repository.location, 'forgotten')).toEqual([snapshot.id])
    expect(namesIn(repository.location, 'snapshots')).toEqual([whole.snapshot.id])
    expect(await restoreDifferences(handle, whole.snapshot, source)).toEqual([])
  })

  it('ends when nobody knows where a blob is that a snapshot needs', async () => {
    const { repository, handle, source } = await scene()
    const { snapshot } = await save(handle, source)
    await handle.close()
    const database = new Database(join(repository.location, 'catalogue.db'))
    // The data; the trees that refer to it are still known.
    expect(database.prepare('DELETE FROM blob WHERE segment = 0').run().changes).toBeGreaterThan(2)
    database.close()
    const wrong = await repository.open()
    expect(await codeOf(everythingGoes(wrong))).toBe('OBJECT_MISSING')
    await engine.repairCatalogue(wrong)
    expect(await restoreDifferences(wrong, snapshot, source)).toEqual([])
  })

  it('ends when data is gone that an acknowledged snapshot needs', async () => {
    const { repository, handle, source } = await scene()
    const { snapshot } = await save(handle, source)
    for (const pack of namesIn(repository.location, 'packs')) {
      rmSync(join(repository.location, 'packs', pack))
    }
    expect(await codeOf(everythingGoes(handle))).toBe('OBJECT_MISSING')
    expect(namesIn(repository.location, 'snapshots')).toEqual([snapshot.id])
    expect(namesIn(repository.location, 'condemned')).toEqual([])
  })
})

it('a pack that was left and is not what its name says is not adopted', async () => {
  const { repository, handle, source } = await scene()
  await save(handle, source)
  await handle.close()
  const [pack] = namesIn(repository.location, 'packs')
  const path = join(repository.location, 'packs', pack)
  const bytes = readFileSync(path)
  // In a segment: header, trailer and footer are whole.
  bytes[100] ^= 1
  writeFileSync(path, bytes)
  for (const folder of ['index', 'snapshots'])
    rmSync(join(repository.location, folder), { recursive: true })
  const again = await repository.open()
  const { snapshot } = await save(again, source)
  expect(again.catalogue.blobs.packById(toObjectId(pack))).toBeUndefined()
  expect(await restoreDifferences(again, snapshot, source)).toEqual([])
})
