import { mkdirSync, readlinkSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { acquireLock, type LockKind } from '../../../src/repository/locks.ts'
import { storageError } from '../../../src/storage/errors.ts'
import { type LocalStorage } from '../../../src/storage/local/local-storage.ts'
import { codeOf } from '../../support/error-codes.ts'
import {
  deadPid,
  locksIn,
  minuteMs,
  newLockStorage,
  plantLock,
} from '../../support/planted-locks.ts'

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
    const storage = await newLockStorage()
    const first = await acquireLock(storage, standing, 'first')
    expect(await codeOf(acquireLock(storage, wanted, 'second'))).toBe(code)
    // A refusal leaves nothing behind.
    expect(locksIn(storage)).toHaveLength(code === 'no error' ? 2 : 1)
    await first.release()
    expect(locksIn(storage)).toHaveLength(code === 'no error' ? 1 : 0)
  })

  it('says who holds the repository', async () => {
    const storage = await newLockStorage()
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
    const storage = await newLockStorage()
    const began = (minutesAgo: number) => ({ startedAtMs: Date.now() - minutesAgo * minuteMs })
    plantLock(storage, { hostname: 'b', operation: 'forget', ...began(0) }, '1')
    plantLock(storage, { hostname: 'a', operation: 'prune', ...began(7) }, '2')
    plantLock(storage, { hostname: 'c', operation: 'repair', ...began(1) }, '3')
    await expect(acquireLock(storage, 'exclusive', 'repair')).rejects.toThrow(/prune by .* on a /)
  })

  it('removes the lock of a dead process of this host', async () => {
    const storage = await newLockStorage()
    plantLock(storage, { pid: deadPid() })
    const lock = await acquireLock(storage, 'exclusive', 'prune')
    expect(locksIn(storage)).toHaveLength(1)
    await lock.release()
  })

  it('leaves the lock of a process that only another host could know', async () => {
    const storage = await newLockStorage()
    plantLock(storage, { pid: deadPid(), hostname: 'elsewhere' })
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('leaves the lock of a process in another container that has the same host name', async () => {
    const storage = await newLockStorage()
    plantLock(storage, { pid: deadPid(), pidNamespace: 'pid:[1]' })
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('leaves the lock of a process on another machine that has the same host name', async () => {
    const storage = await newLockStorage()
    // The first namespace of process ids has the same number everywhere.
    plantLock(storage, { pid: deadPid(), pidNamespace: readlinkSync('/proc/self/ns/pid') })
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('removes the lock of an earlier process that had the same id', async () => {
    const storage = await newLockStorage()
    const startedAtMs = performance.timeOrigin - 5000
    plantLock(storage, { startedAtMs })
    await (await acquireLock(storage, 'exclusive', 'prune')).release()
  })

  it('leaves a lock that carries its own id and was made while it ran', async () => {
    const storage = await newLockStorage()
    plantLock(storage, {})
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('removes a lock of another host that was not refreshed for more than 30 minutes', async () => {
    const storage = await newLockStorage()
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
    const storage = await newLockStorage()
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
    const storage = await newLockStorage()
    mkdirSync(join(storage.location, `locks/${'b'.repeat(32)}`))
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
    const other = await newLockStorage()
    symlinkSync('/dev/zero', join(other.location, `locks/${'c'.repeat(32)}`))
    expect(await codeOf(acquireLock(other, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('waits for a holder for as long as it was told to', async () => {
    const storage = await newLockStorage()
    const first = await acquireLock(storage, 'maintenance', 'prune')
    setTimeout(() => void first.release(), 300)
    const second = await acquireLock(storage, 'maintenance', 'forget', { retryForMs: 20_000 })
    const wait = acquireLock(storage, 'maintenance', 'prune', { retryForMs: 100 })
    expect(await codeOf(wait)).toBe('REPOSITORY_LOCKED')
    await second.release()
  })

  it('is refused, and not called damage, when its lock was removed as soon as it was written', async () => {
    const storage = await newLockStorage()
    const put = storage.put.bind(storage)
    storage.put = async (name, bytes) => {
      await put(name, bytes)
      await storage.delete(name)
    }
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('gives way on both sides rather than on none when two begin at once', async () => {
    const storage = await newLockStorage()
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

  it('is asked for again when it was seen more than a minute ago', async () => {
    const storage = await newLockStorage()
    let nowMs = Date.now()
    const clock = {
      nowMs: () => nowMs,
      monotonicMs: () => nowMs,
      repeat: () => () => undefined,
    }
    const lock = await acquireLock(storage, 'shared', 'snapshot', { clock })
    await storage.delete(`locks/${locksIn(storage)[0]}`)
    // Seen a moment ago: nobody is asked.
    await lock.assertHeldLately()
    nowMs += minuteMs + 1
    expect(await codeOf(lock.assertHeldLately())).toBe('REPOSITORY_LOCKED')
    await lock.release()
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
      const storage = await newLockStorage()
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
      const storage = await newLockStorage()
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
      const storage = await newLockStorage()
      plantLock(storage, { hostname: 'elsewhere' })
      makeReadOnly(storage)
      const work = acquireLock(storage, 'shared', 'restore', { mayOnlyRead: true })
      expect(await codeOf(work)).toBe('REPOSITORY_LOCKED')
    })
  })
})
