import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { acquireLock, type LockRecord } from '../../../src/repository/locks.ts'
import { storageError } from '../../../src/storage/errors.ts'
import { codeOf } from '../../support/error-codes.ts'
import {
  clockOf,
  locksIn,
  minuteMs,
  newLockStorage,
  plantLock,
} from '../../support/planted-locks.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('RepositoryLock', () => {
  it('refreshes itself under a new name', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
    const storage = await newLockStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    const [before] = locksIn(storage)
    const startedAtMs = Date.now()
    for (let minutes = 0; minutes < 60; minutes += 5) {
      vi.advanceTimersByTime(5 * minuteMs + 1)
      await lock.assertHeld()
    }
    const names = locksIn(storage)
    expect(names).toHaveLength(1)
    expect(names).not.toEqual([before])
    const record = JSON.parse(
      readFileSync(join(storage.location, 'locks', names[0]), 'utf8'),
    ) as Record<string, unknown>
    expect(record).toMatchObject({ startedAtMs, leaseId: lock.leaseId })
    await lock.release()
    expect(locksIn(storage)).toEqual([])
  })

  it('forbids to commit when the process was stopped for longer than a lock lives', async () => {
    const storage = await newLockStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 29 * minuteMs)
    await lock.assertHeld()
    vi.setSystemTime(Date.now() + 2 * minuteMs)
    expect(await codeOf(lock.assertHeld())).toBe('REPOSITORY_LOCKED')
    await lock.release()
  })

  it('is not revived by a refresh that comes too late', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
    const storage = await newLockStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    vi.setSystemTime(Date.now() + 45 * minuteMs)
    vi.advanceTimersByTime(5 * minuteMs)
    expect(await codeOf(lock.assertHeld())).toBe('REPOSITORY_LOCKED')
    await lock.release()
  })

  it('is not revived by a refresh when somebody has removed it', async () => {
    const storage = await newLockStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    await storage.delete(`locks/${locksIn(storage)[0]}`)
    await lock.refresh()
    expect(locksIn(storage)).toEqual([])
    expect(await codeOf(lock.assertHeld())).toBe('REPOSITORY_LOCKED')
    await lock.release()
  })

  it('stays lost, whoever puts its lock back', async () => {
    const storage = await newLockStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    const name = `locks/${locksIn(storage)[0]}`
    const bytes = await storage.get(name)
    await storage.delete(name)
    await lock.refresh()
    await storage.put(name, bytes)
    expect(await codeOf(lock.assertHeld())).toBe('REPOSITORY_LOCKED')
    await lock.release()
  })

  it('fails when it cannot say what it knows', async () => {
    const storage = await newLockStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    await storage.delete(`locks/${locksIn(storage)[0]}`)
    expect(await codeOf(lock.noteKnown([]))).toBe('REPOSITORY_LOCKED')
    await lock.release()
  })

  it('tells of a storage that failed when it was to be refreshed, and not of a lease that is over', async () => {
    const storage = await newLockStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    const cause = Object.assign(new Error('EIO'), { code: 'EIO' })
    vi.spyOn(storage, 'put').mockRejectedValueOnce(
      storageError({ action: 'write', path: '/somewhere', cause }),
    )
    await lock.refresh()
    expect(await codeOf(lock.assertHeld())).toBe('STORAGE_FAILED')
    await lock.release()
  })

  it('is lost when its new object is removed before it is looked at', async () => {
    const storage = await newLockStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    const put = storage.put.bind(storage)
    vi.spyOn(storage, 'put').mockImplementationOnce(async (name, bytes) => {
      await put(name, bytes)
      await storage.delete(name)
    })
    await lock.refresh()
    expect(await codeOf(lock.assertHeld())).toBe('REPOSITORY_LOCKED')
    await lock.release()
  })

  it('is never without a lock while it refreshes', async () => {
    const storage = await newLockStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    const counts: number[] = []
    for (const method of ['put', 'delete'] as const) {
      const call = storage[method].bind(storage) as (...args: unknown[]) => Promise<void>
      Object.assign(storage, {
        [method]: async (...args: unknown[]) => {
          await call(...args)
          counts.push(locksIn(storage).length)
        },
      })
    }
    await lock.refresh()
    expect(counts).toEqual([2, 1])
    await lock.assertHeld()
    await lock.release()
  })

  it('counts its age from before it is written', async () => {
    const storage = await newLockStorage()
    const time = { wallMs: 0, monotonicMs: 0 }
    const lock = await acquireLock(storage, 'shared', 'snapshot', { clock: clockOf(time) })
    const put = storage.put.bind(storage)
    storage.put = async (name, bytes) => {
      time.wallMs += 20 * minuteMs
      await put(name, bytes)
    }
    await lock.refresh()
    time.wallMs += 9 * minuteMs
    await lock.assertHeld()
    time.wallMs += 2 * minuteMs
    expect(await codeOf(lock.assertHeld())).toBe('REPOSITORY_LOCKED')
    await lock.release()
  })

  it.each([
    ['the monotonic one, when the other was set back', -60, 31],
    ['the wall clock, when the machine slept', 31, 0],
  ])('goes by the clock that says more: %s', async (_, wallMinutes, monotonicMinutes) => {
    const storage = await newLockStorage()
    const time = { wallMs: 0, monotonicMs: 0 }
    const lock = await acquireLock(storage, 'shared', 'snapshot', { clock: clockOf(time) })
    await lock.assertHeld()
    time.wallMs += wallMinutes * minuteMs
    time.monotonicMs += monotonicMinutes * minuteMs
    expect(await codeOf(lock.assertHeld())).toBe('REPOSITORY_LOCKED')
    await lock.release()
  })

  it('breaks no lease when its clock is set forward', async () => {
    const storage = await newLockStorage()
    const time = { wallMs: 0, monotonicMs: 0 }
    await acquireLock(storage, 'shared', 'snapshot')
    const pruner = await acquireLock(storage, 'maintenance', 'prune', { clock: clockOf(time) })
    const beforeMs = pruner.storageNowMs()
    time.wallMs += 400 * 24 * 60 * minuteMs
    time.monotonicMs += minuteMs
    expect(pruner.storageNowMs()).toBe(beforeMs + minuteMs)
    expect(await pruner.others()).toMatchObject([{ record: { operation: 'snapshot' } }])
  })

  it.each(['when it is taken', 'when it is refreshed'])(
    'is not ahead of the clock of the storage by as much as it was stopped before its lock was written, %s',
    async (when) => {
      const storage = await newLockStorage()
      const time = { wallMs: 0, monotonicMs: 0 }
      const clock = clockOf(time)
      const put = storage.put.bind(storage)
      const stopBeforePut = (): void => {
        storage.put = async (name, bytes) => {
          time.wallMs += 20 * minuteMs
          time.monotonicMs += 20 * minuteMs
          await put(name, bytes)
        }
      }
      if (when === 'when it is taken') stopBeforePut()
      const pruner = await acquireLock(storage, 'maintenance', 'prune', { clock })
      stopBeforePut()
      if (when === 'when it is refreshed') await pruner.refresh()
      expect(pruner.storageNowMs()).toBe(pruner.writtenAtMs)
      // For the others it is as old as it may be.
      time.monotonicMs += 11 * minuteMs
      expect(await codeOf(pruner.assertHeld())).toBe('REPOSITORY_LOCKED')
    },
  )

  it('sees a holder that refreshes while the locks are listed', async () => {
    const storage = await newLockStorage()
    plantLock(storage, { hostname: 'elsewhere' })
    // Its old name was gone already, and its new one was not there yet.
    vi.spyOn(storage, 'listNames').mockResolvedValueOnce([])
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('sees a holder that refreshes between the listing of the locks and their reading', async () => {
    const storage = await newLockStorage()
    const holder = await acquireLock(storage, 'shared', 'snapshot')
    const [old] = locksIn(storage)
    const pruner = await acquireLock(storage, 'maintenance', 'prune')
    const get = storage.get.bind(storage)
    vi.spyOn(storage, 'get').mockImplementation(async (name, ...rest) => {
      // The new lock is in no listing so far, and the old one goes before it is read.
      if (name === `locks/${old}` && locksIn(storage).includes(old)) await holder.refresh()
      return await get(name, ...rest)
    })
    const others = await pruner.others()
    expect(others.map(({ record }) => record)).toEqual([
      expect.objectContaining({ leaseId: holder.leaseId }),
    ])
    await pruner.release()
    await holder.release()
  })

  it('records that a lease is over before its lock goes', async () => {
    const storage = await newLockStorage()
    const name = plantLock(storage, { hostname: 'elsewhere', kind: 'shared', agoMs: 31 * minuteMs })
    const seen: string[] = []
    const revoke = async ({ leaseId }: LockRecord): Promise<void> => {
      seen.push(leaseId, ...locksIn(storage).filter((lock) => name.endsWith(lock)))
    }
    const lock = await acquireLock(storage, 'maintenance', 'prune', { revoke })
    expect(seen).toEqual(['0'.repeat(32), '0'.repeat(32)])
    expect(locksIn(storage)).toHaveLength(1)
    await lock.release()
  })

  it('judges by the clock of the storage: one that is a day wrong breaks no lease', async () => {
    const storage = await newLockStorage()
    plantLock(storage, { hostname: 'elsewhere' })
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 24 * 60 * minuteMs)
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('forbids to commit when somebody has removed it', async () => {
    const storage = await newLockStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    await storage.delete(`locks/${locksIn(storage)[0]}`)
    expect(await codeOf(lock.assertHeld())).toBe('REPOSITORY_LOCKED')
    await lock.release()
  })
})
