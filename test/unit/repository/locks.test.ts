import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  readlinkSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Clock } from '../../../src/foundation/clock.ts'
import { acquireLock, type LockKind, type LockRecord } from '../../../src/repository/locks.ts'
import { openLocal, type LocalStorage } from '../../../src/storage/local/local-storage.ts'
import { storageError } from '../../../src/storage/errors.ts'
import { codeOf } from '../../support/error-codes.ts'
import { scratchFolder } from '../../support/scratch.ts'

const minuteMs = 60_000

async function newStorage(): Promise<LocalStorage> {
  const storage = openLocal(scratchFolder())
  await storage.prepare()
  return storage
}

/** Puts a lock as another process would, refreshed so long ago by the storage's clock. */
function plantLock(
  storage: LocalStorage,
  { agoMs = 0, ...fields }: Record<string, unknown> & { agoMs?: number },
  digit = '0',
): string {
  const name = `locks/${digit.repeat(32)}`
  const record = {
    version: 1,
    kind: 'exclusive',
    hostname: hostname(),
    pid: process.pid,
    leaseId: digit.repeat(32),
    knows: [],
    staleAfterMs: 30 * minuteMs,
    startedAtMs: Date.now(),
    operation: 'prune',
    ...fields,
  }
  const path = join(storage.location, name)
  writeFileSync(path, JSON.stringify(record))
  const seconds = (Date.now() - agoMs) / 1000
  utimesSync(path, seconds, seconds)
  return name
}

/** A process id that nobody has. */
function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

function clockOf(time: { wallMs: number; monotonicMs: number }): Clock {
  return {
    nowMs: () => time.wallMs,
    monotonicMs: () => time.monotonicMs,
    repeat: () => () => undefined,
  }
}

function locksIn(storage: LocalStorage): string[] {
  return readdirSync(join(storage.location, 'locks'))
}

afterEach(() => {
  vi.useRealTimers()
})

describe('acquireLock()', () => {
  it.each<[LockKind, LockKind, string]>([
    ['shared', 'shared', 'no error'],
    ['shared', 'exclusive', 'REPOSITORY_LOCKED'],
    ['exclusive', 'shared', 'REPOSITORY_LOCKED'],
    ['exclusive', 'exclusive', 'REPOSITORY_LOCKED'],
    ['shared', 'maintenance', 'no error'],
    ['maintenance', 'shared', 'no error'],
    ['maintenance', 'maintenance', 'REPOSITORY_LOCKED'],
    ['maintenance', 'exclusive', 'REPOSITORY_LOCKED'],
    ['exclusive', 'maintenance', 'REPOSITORY_LOCKED'],
  ])('with a %s lock standing, for a %s one: %s', async (standing, wanted, code) => {
    const storage = await newStorage()
    const first = await acquireLock(storage, standing, 'first')
    expect(await codeOf(acquireLock(storage, wanted, 'second'))).toBe(code)
    // A refusal leaves nothing behind.
    expect(locksIn(storage)).toHaveLength(code === 'no error' ? 2 : 1)
    await first.release()
    expect(locksIn(storage)).toHaveLength(code === 'no error' ? 1 : 0)
  })

  it('says who holds the repository', async () => {
    const storage = await newStorage()
    plantLock(storage, {
      hostname: 'elsewhere',
      pid: 4711,
      agoMs: 3 * minuteMs,
    })
    await expect(acquireLock(storage, 'shared', 'snapshot')).rejects.toThrow(
      /prune by process 4711 on elsewhere .*3 min ago/,
    )
  })

  it('names the one that began first, not one that is only trying too', async () => {
    const storage = await newStorage()
    const began = (minutesAgo: number) => ({ startedAtMs: Date.now() - minutesAgo * minuteMs })
    plantLock(storage, { hostname: 'b', operation: 'forget', ...began(0) }, '1')
    plantLock(storage, { hostname: 'a', operation: 'prune', ...began(7) }, '2')
    plantLock(storage, { hostname: 'c', operation: 'repair', ...began(1) }, '3')
    await expect(acquireLock(storage, 'exclusive', 'repair')).rejects.toThrow(/prune by .* on a /)
  })

  it('removes the lock of a dead process of this host', async () => {
    const storage = await newStorage()
    plantLock(storage, { pid: deadPid() })
    const lock = await acquireLock(storage, 'exclusive', 'prune')
    expect(locksIn(storage)).toHaveLength(1)
    await lock.release()
  })

  it('leaves the lock of a process that only another host could know', async () => {
    const storage = await newStorage()
    plantLock(storage, { pid: deadPid(), hostname: 'elsewhere' })
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('leaves the lock of a process in another container that has the same host name', async () => {
    const storage = await newStorage()
    plantLock(storage, { pid: deadPid(), pidNamespace: 'pid:[1]' })
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('leaves the lock of a process on another machine that has the same host name', async () => {
    const storage = await newStorage()
    // The first namespace of process ids has the same number everywhere.
    plantLock(storage, { pid: deadPid(), pidNamespace: readlinkSync('/proc/self/ns/pid') })
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('removes the lock of an earlier process that had the same id', async () => {
    const storage = await newStorage()
    const startedAtMs = performance.timeOrigin - 5000
    plantLock(storage, { startedAtMs })
    await (await acquireLock(storage, 'exclusive', 'prune')).release()
  })

  it('leaves a lock that carries its own id and was made while it ran', async () => {
    const storage = await newStorage()
    plantLock(storage, {})
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('removes a lock of another host that was not refreshed for more than 30 minutes', async () => {
    const storage = await newStorage()
    plantLock(storage, { hostname: 'elsewhere', agoMs: 29 * minuteMs })
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
    plantLock(storage, { hostname: 'elsewhere', agoMs: 31 * minuteMs })
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    expect(locksIn(storage)).toHaveLength(1)
    await lock.release()
  })

  it.each([
    ['empty', ''],
    ['no JSON', '{"version":1,'],
    ['not an object', 'null'],
    ['of an unknown kind', '{"version":1,"kind":"odd","pid":1,"hostname":"x","refreshedAtMs":1}'],
    ['far too long', ' '.repeat(1_100_000)],
  ])('explains a lock that is %s, and leaves it', async (_state, text) => {
    const storage = await newStorage()
    const name = `locks/${'a'.repeat(32)}`
    writeFileSync(join(storage.location, name), text)
    const work = acquireLock(storage, 'shared', 'snapshot')
    await expect(work).rejects.toMatchObject({
      code: 'REPOSITORY_LOCKED',
      remedy: expect.stringContaining('delete that file') as string,
    })
    await expect(work).rejects.toThrow(name)
    expect(locksIn(storage)).toEqual(['a'.repeat(32)])
  })

  it('explains a folder or a link in the place of a lock', async () => {
    const storage = await newStorage()
    mkdirSync(join(storage.location, `locks/${'b'.repeat(32)}`))
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
    const other = await newStorage()
    symlinkSync('/dev/zero', join(other.location, `locks/${'c'.repeat(32)}`))
    expect(await codeOf(acquireLock(other, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('waits for a holder for as long as it was told to', async () => {
    const storage = await newStorage()
    const first = await acquireLock(storage, 'maintenance', 'prune')
    setTimeout(() => void first.release(), 300)
    const second = await acquireLock(storage, 'maintenance', 'forget', { retryForMs: 20_000 })
    const wait = acquireLock(storage, 'maintenance', 'prune', { retryForMs: 100 })
    expect(await codeOf(wait)).toBe('REPOSITORY_LOCKED')
    await second.release()
  })

  it('is refused, and not called damage, when its lock was removed as soon as it was written', async () => {
    const storage = await newStorage()
    const put = storage.put.bind(storage)
    storage.put = async (name, bytes) => {
      await put(name, bytes)
      await storage.delete(name)
    }
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('gives way on both sides rather than on none when two begin at once', async () => {
    const storage = await newStorage()
    for (let turn = 0; turn < 20; turn++) {
      const results = await Promise.allSettled([
        acquireLock(storage, 'exclusive', 'one'),
        acquireLock(storage, 'exclusive', 'two'),
        acquireLock(storage, 'shared', 'three'),
      ])
      const held = results.flatMap((result) =>
        result.status === 'fulfilled' ? [result.value] : [],
      )
      expect(held.length).toBeLessThanOrEqual(1)
      for (const lock of held) await lock.release()
      expect(locksIn(storage)).toEqual([])
    }
  })

  describe('on a storage that can only be read', () => {
    function makeReadOnly(storage: LocalStorage): void {
      const refuse = (): Promise<never> => {
        const cause = Object.assign(new Error('read-only file system'), { code: 'EROFS' })
        return Promise.reject(storageError({ action: 'write', path: 'x', cause }))
      }
      storage.put = refuse
      storage.delete = refuse
    }

    it('lets readers work without a lock', async () => {
      const storage = await newStorage()
      plantLock(storage, { kind: 'shared', hostname: 'elsewhere' })
      plantLock(storage, { pid: deadPid() }, '1')
      makeReadOnly(storage)
      const lock = await acquireLock(storage, 'shared', 'restore', { mayOnlyRead: true })
      expect(lock.isStored).toBe(false)
      await lock.assertHeld()
      await lock.release()
      expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('STORAGE_FAILED')
    })

    it('lets readers work beside a lock that is stale and whose end cannot be recorded', async () => {
      const storage = await newStorage()
      plantLock(storage, { hostname: 'elsewhere' })
      const path = join(storage.location, 'locks', locksIn(storage)[0])
      utimesSync(path, new Date(0), new Date(0))
      makeReadOnly(storage)
      const revoke = (): Promise<void> => storage.put('journal/x', Buffer.alloc(0))
      const options = { mayOnlyRead: true, revoke }
      const lock = await acquireLock(storage, 'shared', 'restore', options)
      expect(lock.isStored).toBe(false)
    })

    it('refuses readers while somebody else prunes', async () => {
      const storage = await newStorage()
      plantLock(storage, { hostname: 'elsewhere' })
      makeReadOnly(storage)
      const work = acquireLock(storage, 'shared', 'restore', { mayOnlyRead: true })
      expect(await codeOf(work)).toBe('REPOSITORY_LOCKED')
    })
  })
})

describe('RepositoryLock', () => {
  it('refreshes itself under a new name', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
    const storage = await newStorage()
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
    const storage = await newStorage()
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
    const storage = await newStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    vi.setSystemTime(Date.now() + 45 * minuteMs)
    vi.advanceTimersByTime(5 * minuteMs)
    expect(await codeOf(lock.assertHeld())).toBe('REPOSITORY_LOCKED')
    await lock.release()
  })

  it('is not revived by a refresh when somebody has removed it', async () => {
    const storage = await newStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    await storage.delete(`locks/${locksIn(storage)[0]}`)
    await lock.refresh()
    expect(locksIn(storage)).toEqual([])
    expect(await codeOf(lock.assertHeld())).toBe('REPOSITORY_LOCKED')
    await lock.release()
  })

  it('stays lost, whoever puts its lock back', async () => {
    const storage = await newStorage()
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
    const storage = await newStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    await storage.delete(`locks/${locksIn(storage)[0]}`)
    expect(await codeOf(lock.noteKnown([]))).toBe('REPOSITORY_LOCKED')
    await lock.release()
  })

  it('tells of a storage that failed when it was to be refreshed, and not of a lease that is over', async () => {
    const storage = await newStorage()
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
    const storage = await newStorage()
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
    const storage = await newStorage()
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
    const storage = await newStorage()
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
    const storage = await newStorage()
    const time = { wallMs: 0, monotonicMs: 0 }
    const lock = await acquireLock(storage, 'shared', 'snapshot', { clock: clockOf(time) })
    await lock.assertHeld()
    time.wallMs += wallMinutes * minuteMs
    time.monotonicMs += monotonicMinutes * minuteMs
    expect(await codeOf(lock.assertHeld())).toBe('REPOSITORY_LOCKED')
    await lock.release()
  })

  it('breaks no lease when its clock is set forward', async () => {
    const storage = await newStorage()
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
      const storage = await newStorage()
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
    const storage = await newStorage()
    plantLock(storage, { hostname: 'elsewhere' })
    // Its old name was gone already, and its new one was not there yet.
    vi.spyOn(storage, 'listNames').mockResolvedValueOnce([])
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('sees a holder that refreshes between the listing of the locks and their reading', async () => {
    const storage = await newStorage()
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
    const storage = await newStorage()
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
    const storage = await newStorage()
    plantLock(storage, { hostname: 'elsewhere' })
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 24 * 60 * minuteMs)
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('forbids to commit when somebody has removed it', async () => {
    const storage = await newStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    await storage.delete(`locks/${locksIn(storage)[0]}`)
    expect(await codeOf(lock.assertHeld())).toBe('REPOSITORY_LOCKED')
    await lock.release()
  })
})
