import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { ScheduleReply, ScheduleRequest } from './worker.ts'

export interface ScheduleRun {
  readonly first: number
  readonly count: number
  readonly processes: number
  readonly natives: 'light' | 'real'
  /** Folder of the simulation; another one for a changed copy of the code. */
  readonly folder?: string
  /** Asked before each portion. */
  isOver(): boolean
  onPortion(done: number): void
  /** Told of a portion with violations. */
  onBad?(): void
}

export interface ScheduleTotals {
  done: number
  cpuMs: number
  readonly counts: Record<string, number>
  readonly bad: { readonly seed: number; readonly violations: readonly string[] }[]
}

/** Schedules of one message: less than a second. */
const portion = 50

/** Runs the schedules of many seeds in processes of their own. */
export async function runSchedules(run: ScheduleRun): Promise<ScheduleTotals> {
  const totals: ScheduleTotals = { done: 0, cpuMs: 0, counts: {}, bad: [] }
  let next = run.first
  const end = run.first + run.count
  const take = (): ScheduleRequest | null => {
    if (next >= end || run.isOver()) return null
    const count = Math.min(portion, end - next)
    next += count
    return { first: next - count, count }
  }
  const path = join(run.folder ?? import.meta.dirname, 'worker.ts')
  const workers = Array.from({ length: run.processes }, async () => {
    const child = fork(path, [run.natives], { execArgv: ['--import', 'tsx'] })
    try {
      for (let request = take(); request; request = take()) {
        const reply = await ask(child, request)
        totals.done += reply.done
        totals.cpuMs += reply.cpuMs
        totals.bad.push(...reply.bad)
        for (const [key, value] of Object.entries(reply.counts)) {
          totals.counts[key] = (totals.counts[key] ?? 0) + value
        }
        run.onPortion(totals.done)
        if (reply.bad.length > 0) run.onBad?.()
      }
    } finally {
      child.disconnect()
    }
  })
  await Promise.all(workers)
  return totals
}

function ask(child: ChildProcess, request: ScheduleRequest): Promise<ScheduleReply> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => {
      reject(new Error(`A process of the simulation ended with ${code} at ${request.first}`))
    }
    child.once('exit', onExit)
    child.once('message', (reply: ScheduleReply) => {
      child.off('exit', onExit)
      resolve(reply)
    })
    child.send(request)
  })
}
