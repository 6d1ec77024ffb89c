import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { acquireLock, type LockKind } from '../../../src/repository/locks.ts'
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

/** Puts a lock as another process would. */
function plantLock(storage: LocalStorage, fields: Record<string, unknown>, digit = '0'): string {
  const name = `locks/${digit.repeat(32)}`
  const record = {
    version: 1,
    kind: 'exclusive',
    hostname: hostname(),
    pid: process.pid,
    startedAtMs: Date.now(),
    refreshedAtMs: Date.now(),
    operation: 'prune',
    ...fields,
  }
  writeFileSync(join(storage.location, name), JSON.stringify(record))
  return name
}

/** A process id that nobody has. */
function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid
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
      refreshedAtMs: Date.now() - 3 * minuteMs,
    })
    await expect(acquireLock(storage, 'shared', 'snapshot')).rejects.toThrow(
      /prune by process 4711 on elsewhere .*3 min ago/,
    )
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

  it('removes the lock of an earlier process that had the same id', async () => {
    const storage = await newStorage()
    const startedAtMs = performance.timeOrigin - 5000
    plantLock(storage, { startedAtMs, refreshedAtMs: startedAtMs })
    await (await acquireLock(storage, 'exclusive', 'prune')).release()
  })

  it('leaves a lock that carries its own id and was made while it ran', async () => {
    const storage = await newStorage()
    plantLock(storage, {})
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
  })

  it('removes a lock of another host that was not refreshed for more than 30 minutes', async () => {
    const storage = await newStorage()
    plantLock(storage, { hostname: 'elsewhere', refreshedAtMs: Date.now() - 29 * minuteMs })
    expect(await codeOf(acquireLock(storage, 'shared', 'snapshot'))).toBe('REPOSITORY_LOCKED')
    plantLock(storage, { hostname: 'elsewhere', refreshedAtMs: Date.now() - 31 * minuteMs })
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    expect(locksIn(storage)).toHaveLength(1)
    await lock.release()
  })

  it.each([
    ['empty', ''],
    ['no JSON', '{"version":1,'],
    ['not an object', 'null'],
    ['of an unknown kind', '{"version":1,"kind":"odd","pid":1,"hostname":"x","refreshedAtMs":1}'],
    ['far too long', ' '.repeat(70_000)],
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
    ) as Record<string, number>
    expect(record['startedAtMs']).toBe(startedAtMs)
    expect(record['refreshedAtMs']).toBeGreaterThanOrEqual(startedAtMs + 60 * minuteMs)
    await lock.release()
    expect(locksIn(storage)).toEqual([])
  })

  it('forbids to commit when the process was stopped for longer than a lock lives', async () => {
    const storage = await newStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    await lock.assertHeld(Date.now() + 29 * minuteMs)
    expect(await codeOf(lock.assertHeld(Date.now() + 31 * minuteMs))).toBe('REPOSITORY_LOCKED')
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

  it('forbids to commit when somebody has removed it', async () => {
    const storage = await newStorage()
    const lock = await acquireLock(storage, 'shared', 'snapshot')
    await storage.delete(`locks/${locksIn(storage)[0]}`)
    expect(await codeOf(lock.assertHeld())).toBe('REPOSITORY_LOCKED')
    await lock.release()
  })
})
