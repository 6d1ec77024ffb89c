import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { RepositoryError } from '../../src/foundation/errors.ts'
import { acquireLock } from '../../src/repository/locks.ts'
import { listStandingLocks } from '../../src/repository/standing-locks.ts'
import { openLocal } from '../../src/storage/local/local-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { engine } from '../support/built-engine.ts'
import { codeOf } from '../support/error-codes.ts'
import { locksIn, minuteMs, newLockStorage, plantLock } from '../support/planted-locks.ts'
import { namesIn, newRepository } from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

afterEach(() => {
  vi.useRealTimers()
})

/**
 * As for somebody whose credentials may add and read objects, and delete none.
 *
 * @param Class of the engine that uses the storage: the built one has classes of its own
 */
function forbidDeletes(storage: Storage, Class: typeof RepositoryError = RepositoryError): void {
  storage.delete = async (name) => {
    const facts = { errno: 'EACCES' }
    throw new Class('STORAGE_FAILED', `Cannot delete "${name}": access denied`, { facts })
  }
}

describe('a storage to which objects can only be added', () => {
  it('takes backups day after day, and gives them back', async () => {
    const source = scratchFolder(fastFolder)
    const place = await newRepository()
    for (const day of [1, 2, 3]) {
      writeFileSync(join(source, 'file'), `day ${day}`)
      const repository = await place.open()
      forbidDeletes(repository.storage, engine.RepositoryError)
      await engine.snapshot(repository, { paths: [source] })
      await repository.close()
    }
    // Nothing could be removed, and nothing had to be.
    expect(namesIn(place.location, 'locks').length).toBeGreaterThanOrEqual(3)
    const repository = await place.open()
    forbidDeletes(repository.storage, engine.RepositoryError)
    expect(engine.listSnapshots(repository)).toHaveLength(3)
    const verified = await engine.verify(repository, {})
    expect(verified.damaged).toEqual([])
  })

  it('refuses a prune, and loses nothing by it', async () => {
    const source = scratchFolder(fastFolder)
    writeFileSync(join(source, 'file'), 'content')
    const place = await newRepository()
    const repository = await place.open()
    await engine.snapshot(repository, { paths: [source] })
    forbidDeletes(repository.storage, engine.RepositoryError)
    const forgetting = engine.forgetSnapshots(repository, engine.listSnapshots(repository))
    await expect(forgetting).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    const again = await place.open()
    expect(engine.listSnapshots(again)).toHaveLength(1)
    expect((await engine.verify(again, {})).damaged).toEqual([])
  })

  it('lets a run go on beside the stale lock of another, of which one record is made', async () => {
    const place = await newRepository()
    const repository = await place.open()
    const planted = {
      kind: 'shared',
      hostname: 'elsewhere',
      operation: 'snapshot',
      agoMs: 60 * minuteMs,
    }
    plantLock(openLocal(place.location), planted)
    forbidDeletes(repository.storage, engine.RepositoryError)
    const source = scratchFolder(fastFolder)
    await engine.snapshot(repository, { paths: [source] })
    await engine.snapshot(repository, { paths: [source] })
    const revocations = repository.catalogue.journal.list({ kind: 'revocation' })
    expect(revocations).toHaveLength(1)
  })
})

describe('a lock where nothing can be deleted', () => {
  it('is refreshed where nothing can be deleted', async () => {
    const storage = await newLockStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    forbidDeletes(storage)
    await lock.refresh()
    await lock.refresh()
    await lock.assertHeld()
    expect(locksIn(storage)).toHaveLength(3)
    await lock.release()
  })

  it('is as young as the youngest of its locks', async () => {
    const storage = await newLockStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    forbidDeletes(storage)
    await lock.refresh()
    const revoked: string[] = []
    const old = new Date(Date.now() - 60 * minuteMs)
    utimesSync(join(storage.location, 'locks', locksIn(storage)[0] ?? ''), old, old)
    const listing = {
      storage,
      own: null,
      ownLeaseId: null,
      kind: 'shared' as const,
      storageNowMs: Date.now(),
      revoke: async ({ leaseId }: { leaseId: string }) => {
        revoked.push(leaseId)
      },
    }
    const standing = await listStandingLocks(listing)
    expect(standing).toHaveLength(1)
    expect(revoked).toEqual([])
    await lock.assertHeld()
    await lock.release()
  })

  it('does not end its own lease', async () => {
    const storage = await newLockStorage()
    const revoked: string[] = []
    const lock = await acquireLock(storage, 'shared', 'snapshot', {
      revoke: async ({ leaseId }) => {
        revoked.push(leaseId)
      },
    })
    const first = locksIn(storage)[0] ?? ''
    forbidDeletes(storage)
    await lock.refresh()
    const old = new Date(Date.now() - 60 * minuteMs)
    utimesSync(join(storage.location, 'locks', first), old, old)
    expect(await lock.others()).toEqual([])
    expect(revoked).toEqual([])
    expect(await codeOf(lock.assertHeld())).toBe('no error')
    await lock.release()
  })
})
