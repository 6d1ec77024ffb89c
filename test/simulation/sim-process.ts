import type { Clock } from '../../src/foundation/clock.ts'

/** Never resolves in a process that was killed, like a call of one. */
export interface PendingCall {
  readonly text: string
  /** What is left to happen in the storage, in order; the last one's result answers the call. */
  readonly steps: (() => unknown)[]
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

interface Timer {
  readonly everyMs: number
  readonly action: () => void
  dueMs: number
}

export type ProcessState = 'running' | 'done' | 'failed' | 'killed'

/** The time of the world, in milliseconds since 1970: that of the storage's clock. */
export interface WorldTime {
  nowMs: number
}

/** A process of the simulation: real code whose every call to the storage waits for the scheduler. */
export class SimProcess {
  readonly id: number
  readonly host: string
  readonly pending: PendingCall[] = []
  readonly timers = new Set<Timer>()
  readonly #time: WorldTime
  state: ProcessState = 'running'
  error: unknown
  /** Added to the world's time by its clock: hours wrong, and set while it runs. */
  skewMs: number
  /** What its monotonic clock has missed while the machine slept. */
  #sleptMs = 0
  /** It is stopped until then. */
  stoppedUntilMs = 0
  /** Somebody took it for dead: from then on it may fail at anything. */
  wasRevoked = false
  /** The snapshot that it restores. */
  restoresId: string | undefined
  /** A call to the storage failed. */
  hadFault = false

  constructor(id: number, host: string, time: WorldTime, skewMs: number) {
    this.id = id
    this.host = host
    this.#time = time
    this.skewMs = skewMs
  }

  get isAlive(): boolean {
    return this.state === 'running'
  }

  /** By no clock of its own. */
  get worldMs(): number {
    return this.#time.nowMs
  }

  get wallMs(): number {
    return this.#time.nowMs + this.skewMs
  }

  /** The machine sleeps: its monotonic clock stands still, and so do its timers. */
  sleep(spanMs: number): void {
    this.#sleptMs += spanMs
    for (const timer of this.timers) timer.dueMs += spanMs
  }

  readonly clock: Clock = {
    nowMs: () => this.wallMs,
    monotonicMs: () => this.#time.nowMs - this.#sleptMs,
    repeat: (everyMs, action) => {
      const timer = { everyMs, action, dueMs: this.#time.nowMs + everyMs }
      this.timers.add(timer)
      return () => this.timers.delete(timer)
    },
  }

  /** A call to the storage. It answers when the scheduler has let all of its steps happen. */
  call<T>(text: string, steps: (() => unknown)[]): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.pending.push({ text, steps, resolve: resolve as (value: unknown) => void, reject })
    })
  }
}
