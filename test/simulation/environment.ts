import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { BlobClaims } from '../../src/repository/blob-claims.ts'
import { newRandom, type Random } from './random.ts'
import type { SimProcess } from './sim-process.ts'

/**
 * What the engine asks the system for, as the process sees it that runs at this moment: time of day, process id and host, which processes live,
 * random numbers. Between two calls to the storage exactly one process of the simulation runs.
 */
interface Environment {
  process: SimProcess | null
  random: Random
  processes: readonly SimProcess[]
}

export const environment: Environment = { process: null, random: newRandom(0), processes: [] }

/** Large buffers, which every pack writer makes, are used again: making them costs more than all the rest. */
const largeFromBytes = 256 * 1024
const freeBuffers = new Map<number, Buffer[]>()
let usedBuffers: Buffer[] = []

/** When a schedule is over nobody holds its buffers. */
export function reclaimBuffers(): void {
  for (const buffer of usedBuffers) {
    const free = freeBuffers.get(buffer.length)
    if (free) free.push(buffer)
    else freeBuffers.set(buffer.length, [buffer])
  }
  usedBuffers = []
}

const pidOf = (process: SimProcess): number => 1000 + process.id

/** Puts the simulated environment in the place of the real one, in this whole process and for good. */
export function installEnvironment(): void {
  const realNow = Date.now
  Date.now = () => environment.process?.wallMs ?? realNow()
  // A schedule stores a dozen blobs; the usual table takes 10 MiB.
  const allocateClaims = BlobClaims.allocate.bind(BlobClaims)
  BlobClaims.allocate = () => allocateClaims(256)
  const realAllocate = Buffer.allocUnsafeSlow
  Buffer.allocUnsafeSlow = ((size: number) => {
    if (size < largeFromBytes) return realAllocate(size)
    const buffer = freeBuffers.get(size)?.pop() ?? realAllocate(size)
    usedBuffers.push(buffer)
    return buffer
  }) as typeof Buffer.allocUnsafeSlow
  const draw = (bytes: number): Buffer => {
    const drawn = Buffer.allocUnsafe(bytes)
    environment.random.fill(drawn)
    return drawn
  }
  crypto.randomBytes = draw as typeof crypto.randomBytes
  crypto.randomInt = ((min: number, max?: number) =>
    max === undefined
      ? environment.random.below(min)
      : min + environment.random.below(max - min)) as typeof crypto.randomInt
  const realHostname = os.hostname
  os.hostname = () => environment.process?.host ?? realHostname()
  syncBuiltinESMExports()
  const realPid = process.pid
  Object.defineProperty(process, 'pid', {
    configurable: true,
    get: () => (environment.process ? pidOf(environment.process) : realPid),
  })
  const realKill = process.kill.bind(process)
  process.kill = (pid: number, signal?: string | number) => {
    if (environment.process === null) return realKill(pid, signal)
    const target = environment.processes.find((candidate) => pidOf(candidate) === pid)
    if (target?.isAlive) return true
    throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' })
  }
}
