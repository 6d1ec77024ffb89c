import { environment } from './environment.ts'
import type { Random } from './random.ts'
import type { PendingCall, SimProcess, WorldTime } from './sim-process.ts'

/** Runs everything that does not wait for the storage: the tick queue comes after all settled promises. */
function drain(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve)
  })
}

/** Lets one call after the other happen, in an order that the seed decides. */
export class Scheduler {
  readonly time: WorldTime
  readonly processes: SimProcess[] = []
  readonly #random: Random
  readonly #trace: ((line: string) => void) | null
  steps = 0

  constructor(time: WorldTime, random: Random, trace: ((line: string) => void) | null) {
    this.time = time
    this.#random = random
    this.#trace = trace
  }

  note(line: string): void {
    this.#trace?.(line)
  }

  /** Starts a process; it runs up to its first call. */
  async start(process: SimProcess, main: () => Promise<void>): Promise<void> {
    this.processes.push(process)
    environment.processes = this.processes
    await this.#as(process, () => {
      main().then(
        () => {
          if (process.isAlive) process.state = 'done'
        },
        (error: unknown) => {
          if (!process.isAlive) return
          process.state = 'failed'
          process.error = error
        },
      )
    })
  }

  /** Processes that could do something now. */
  ready(): SimProcess[] {
    return this.processes.filter(
      (process) =>
        process.isAlive && process.pending.length > 0 && process.stoppedUntilMs <= this.time.nowMs,
    )
  }

  get isIdle(): boolean {
    return !this.processes.some((process) => process.isAlive)
  }

  /** One step of one call of one process. */
  async step(process: SimProcess): Promise<void> {
    this.steps += 1
    const position = process.pending.length === 1 ? 0 : this.#random.below(process.pending.length)
    const call = process.pending[position]
    const act = call.steps.shift()
    let answer: (() => void) | null = null
    try {
      environment.process = process
      const result = act?.()
      if (call.steps.length === 0) answer = () => call.resolve(result)
    } catch (error) {
      answer = () => call.reject(error)
    } finally {
      environment.process = null
    }
    if (this.#trace) this.#trace(describe(process, call, answer !== null, this.time))
    if (!answer) return
    process.pending.splice(position, 1)
    await this.#as(process, answer)
    if (process.isAlive && process.pending.length === 0) await this.#settle(process)
  }

  /** Time runs on; refreshes of leases that have become due begin, except in processes that are stopped. */
  async pass(spanMs: number): Promise<void> {
    this.time.nowMs += spanMs
    for (const process of this.processes) {
      if (!process.isAlive || process.stoppedUntilMs > this.time.nowMs) continue
      for (const timer of process.timers) {
        if (timer.dueMs > this.time.nowMs) continue
        timer.dueMs = this.time.nowMs + timer.everyMs
        await this.#as(process, timer.action)
      }
    }
  }

  /** The process is gone; calls that it had begun may have been done in part. */
  kill(process: SimProcess): void {
    this.note(`${process.id} is killed`)
    process.state = 'killed'
    process.timers.clear()
    for (const call of process.pending.splice(0)) {
      for (const step of call.steps) {
        if (this.#random.chance(0.5)) break
        try {
          environment.process = process
          step()
        } catch {
          // Nobody is there to hear of it.
        } finally {
          environment.process = null
        }
      }
    }
  }

  /** Lets the process run until it waits again; what it has begun is not waited for. */
  async #as(process: SimProcess, act: () => void): Promise<void> {
    environment.process = process
    act()
    await drain()
    environment.process = null
  }

  /** It neither waits for the storage nor is it done: it waits for something that is real, such as the thread pool. */
  async #settle(process: SimProcess): Promise<void> {
    for (let turn = 0; turn < 2000; turn++) {
      if (!process.isAlive || process.pending.length > 0) return
      environment.process = process
      await new Promise<void>((resolve) => {
        setImmediate(resolve)
      })
      environment.process = null
    }
    throw new Error(`Process ${process.id} waits for nothing`)
  }
}

function describe(
  process: SimProcess,
  call: PendingCall,
  isDone: boolean,
  time: WorldTime,
): string {
  return `${(time.nowMs / 1000).toFixed(1)} ${process.id}@${process.host} ${call.text}${isDone ? '' : ' …'}`
}
