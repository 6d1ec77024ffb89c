/**
 * Works on a repository until it is killed: reads a task as a line of JSON, does its steps, and says on standard output what is
 * begun and what is acknowledged, each at once. Its modules are loaded before the task comes, so that kills hit the work.
 *
 * As `crash-child.js copies`, preloaded with test/soak/crash/shim.c, it lets a copy of itself do each task and says how that ended.
 */
import { accessSync, readlinkSync, readSync, writeSync } from 'node:fs'
import {
  forgetSnapshots,
  HoldfastError,
  listForgotten,
  openRepository,
  prune,
  repairCatalogue,
  resolveSnapshot,
  restore,
  snapshot,
  undeleteSnapshots,
  verify,
  type Repository,
} from '../../../src/index.ts'

export type CrashStep =
  | { readonly do: 'snapshot'; readonly source: string; readonly description: string }
  | { readonly do: 'delete'; readonly ids: readonly string[] }
  /** Brings back the newest one that was deleted, if there is any. */
  | { readonly do: 'undelete' }
  | { readonly do: 'prune'; readonly graceMs: number }
  | { readonly do: 'repair' }
  | { readonly do: 'verify' }
  /** With `sync`: what it acknowledges is durable. */
  | { readonly do: 'restore'; readonly id: string; readonly target: string }

export interface CrashTask {
  readonly location: string
  readonly cacheDirectory: string
  readonly passphrase?: string
  /** `HOLDFAST_THREADS` */
  readonly threads: number
  /** `HOLDFAST_LEASE_SECONDS` */
  readonly leaseSeconds?: number
  /** What the preloaded shim (test/soak/crash/shim.c) does, such as `kill-before/17`. */
  readonly order: string
  readonly steps: readonly CrashStep[]
  /** Of a process that copies itself: to be done by itself, so that its copies find all code compiled. */
  readonly isWarmUp?: true
}

const shim = '/.holdfast-soak'
const say = (text: string): void => {
  writeSync(1, `${text}\n`)
}

function readTask(): CrashTask {
  const bytes = Buffer.alloc(65_536)
  let text = ''
  while (!text.includes('\n')) {
    const got = readSync(0, bytes)
    // The parent has gone.
    if (got === 0) process.exit(0)
    text += bytes.toString('utf8', 0, got)
  }
  return JSON.parse(text) as CrashTask
}

async function run(repository: Repository, step: CrashStep): Promise<string> {
  switch (step.do) {
    case 'snapshot': {
      const { source, description } = step
      const result = await snapshot(repository, { paths: [source], base: source, description })
      return `saved ${result.snapshot?.id ?? ''} ${result.statistics.dataBytesAdded}`
    }
    case 'delete': {
      const snapshots = step.ids.map((id) => resolveSnapshot(repository, id))
      await forgetSnapshots(repository, snapshots)
      return `deleted ${step.ids.join(' ')}`
    }
    case 'undelete': {
      const newest = (await listForgotten(repository)).at(-1)
      if (!newest) return 'undeleted'
      const { id } = newest.snapshot
      say(`undeleting ${id}`)
      await undeleteSnapshots(repository, [id])
      return `undeleted ${id}`
    }
    case 'prune': {
      const { graceMs } = step
      return `pruned ${(await prune(repository, { unused: { ratio: 0 }, graceMs })).bytesFreed}`
    }
    case 'repair':
      return `repaired ${(await repairCatalogue(repository)).unusable.length}`
    case 'restore': {
      const target = Buffer.from(step.target)
      await restore(repository, {
        snapshot: resolveSnapshot(repository, step.id),
        target,
        sync: true,
      })
      return `restored ${step.id}`
    }
    case 'verify':
    default: {
      const { damaged } = await verify(repository, {})
      return `verified ${damaged.map(({ message }) => message).join('; ')}`
    }
  }
}

/** Calls that the shim has counted so far. */
function callCount(): number {
  try {
    return Number(readlinkSync(`${shim}/count`))
  } catch {
    return 0
  }
}

async function work(task: CrashTask): Promise<void> {
  process.env['HOLDFAST_THREADS'] = String(task.threads)
  if (task.leaseSeconds !== undefined) {
    process.env['HOLDFAST_LEASE_SECONDS'] = String(task.leaseSeconds)
  }
  try {
    accessSync(`${shim}/${task.order}`)
  } catch {
    // Not preloaded: then it is killed by the clock.
  }
  let calls = 0
  for (const [index, step] of task.steps.entries()) {
    const startedAtMs = performance.now()
    say(`begin ${index}`)
    try {
      await runStep(task, step)
    } catch (error) {
      const isKnown = error instanceof HoldfastError
      say(`failed ${isKnown ? error.code : 'UNKNOWN'} ${String(error)}`)
    }
    const callsNow = callCount()
    say(`end ${index} ${Math.round(performance.now() - startedAtMs)} ${callsNow - calls}`)
    calls = callsNow
  }
}

async function runStep(task: CrashTask, step: CrashStep): Promise<void> {
  const { location, cacheDirectory, passphrase } = task
  const repository = await openRepository({
    location,
    cacheDirectory,
    ...(passphrase !== undefined && { passphrase }),
  })
  try {
    say('open')
    say(await run(repository, step))
  } finally {
    await repository.close()
  }
}

async function workInCopies(): Promise<never> {
  for (;;) {
    const task = readTask()
    if (task.isWarmUp === true) {
      await work(task)
      say('warm')
      continue
    }
    accessSync(`${shim}/fork/0`)
    const [child, own] = readlinkSync(`${shim}/pid`).split(' ').map(Number)
    if (child === 0) {
      // Node remembers the number of the process that it was.
      Object.defineProperty(process, 'pid', { value: own })
      say(`pid ${own}`)
      await work(task)
      accessSync(`${shim}/exit/0`)
    }
    const status = readlinkSync(`${shim}/wait`)
    say(`ended ${status}`)
  }
}

if (process.argv[2] === 'copies') await workInCopies()
say('ready')
await work(readTask())
