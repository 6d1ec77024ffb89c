import { spawnSync } from 'node:child_process'
import { readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Clock } from '../../src/foundation/clock.ts'
import { openLocal, type LocalStorage } from '../../src/storage/local/local-storage.ts'
import { scratchFolder } from './scratch.ts'

export const minuteMs = 60_000

export async function newLockStorage(): Promise<LocalStorage> {
  const storage = openLocal(scratchFolder())
  await storage.prepare()
  return storage
}

/** Puts a lock as another process would, refreshed so long ago by the storage's clock. */
export function plantLock(
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
export function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

export function clockOf(time: { wallMs: number; monotonicMs: number }): Clock {
  return {
    nowMs: () => time.wallMs,
    monotonicMs: () => time.monotonicMs,
    repeat: () => () => undefined,
  }
}

export function locksIn(storage: LocalStorage): string[] {
  return readdirSync(join(storage.location, 'locks'))
}
