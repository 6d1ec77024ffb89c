import { randomUUID } from 'node:crypto'

import { HoldfastError } from '../foundation/errors.ts'
import type { HoldfastEvent, OnEvent } from '../foundation/progress-event.ts'
import { errorText } from './error-text.ts'

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

export interface JobProgress {
  readonly phase: string
  readonly filesDone: number
  readonly filesTotal: number | null
  readonly bytesDone: number
  readonly bytesTotal: number | null
  /** What was told last that is no progress: a notice, an unreadable file. */
  readonly message: string
}

export interface Job {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly state: JobState
  readonly createdAtMs: number
  readonly startedAtMs: number | null
  readonly endedAtMs: number | null
  readonly progress: JobProgress | null
  readonly result: unknown
  /** Null unless it failed or was cancelled. */
  readonly error: JobFault | null
}

export interface JobFault {
  readonly code: string
  readonly message: string
  readonly remedy: string
}

export interface JobOptions {
  readonly signal: AbortSignal
  readonly onEvent: OnEvent
}

export interface JobRequest<Result> {
  readonly kind: string
  readonly title: string
  /** `write`: one at a time, in the order in which they came; `read`: at once. */
  readonly access: 'write' | 'read'
  readonly work: (options: JobOptions) => Promise<Result>
}

export interface SubmittedJob<Result> {
  readonly job: Job
  /** What the work answers or throws; nobody has to wait for it. */
  readonly finished: Promise<Result>
}

export type JobListener = (job: Job) => void

interface Entry {
  job: Job
  readonly access: 'write' | 'read'
  readonly controller: AbortController
  run: () => Promise<void>
  readonly finished: Promise<unknown>
  toldAt: number
}

/** Ended jobs that are remembered. */
export const jobHistoryMax = 200
/** Waiting for their turn; more would only be somebody's mistake. */
const waitingMax = 100
const progressEveryMs = 250

/**
 * The jobs of one process. At most one of those that write runs at a time; those that read run beside it. Listeners are told of every change of state, and
 * of progress a few times a second.
 */
export class JobQueue {
  readonly #entries = new Map<string, Entry>()
  readonly #listeners = new Set<JobListener>()
  readonly #now: () => number
  #writing: Entry | undefined
  #isClosed = false

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** @throws {HoldfastError} `ALREADY_RUNNING` when too many wait, or the queue is closed */
  submit<Result>(request: JobRequest<Result>): SubmittedJob<Result> {
    this.#refuseTooMany()
    const { kind, title, access } = request
    const controller = new AbortController()
    const job: Job = {
      id: randomUUID(),
      kind,
      title,
      state: 'queued',
      createdAtMs: this.#now(),
      startedAtMs: null,
      endedAtMs: null,
      progress: null,
      result: null,
      error: null,
    }
    const { promise, resolve, reject } = withResolvers<Result>()
    // Whoever submitted it may be gone: what it ended with is in the job.
    promise.catch(() => undefined)
    const entry: Entry = {
      job,
      access,
      controller,
      finished: promise,
      toldAt: -Infinity,
      run: () => this.#work(entry, request, resolve, reject),
    }
    this.#entries.set(job.id, entry)
    this.#tell(entry)
    this.#startNext()
    return { job: entry.job, finished: promise }
  }

  /** Newest first. */
  list(): readonly Job[] {
    return [...this.#entries.values()].map(({ job }) => job).toReversed()
  }

  get(id: string): Job | undefined {
    return this.#entries.get(id)?.job
  }

  /** True while a job that writes runs or waits. */
  get isBusy(): boolean {
    return [...this.#entries.values()].some(
      ({ access, job }) =>
        access === 'write' && (job.state === 'queued' || job.state === 'running'),
    )
  }

  /** @returns undefined when there is no such job, else false when it has ended already */
  cancel(id: string): boolean | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined) return undefined
    const { state, title } = entry.job
    if (state !== 'queued' && state !== 'running') return false
    entry.controller.abort(
      new HoldfastError('INTERRUPTED', `Cancelled the job "${title}"`, {
        remedy: 'Start it again; what was stored already is not stored twice',
      }),
    )
    // One that waits ends at once: its work sees the signal before anything else.
    if (state === 'queued') void entry.run()
    return true
  }

  /** @returns what ends the subscription */
  subscribe(listener: JobListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Takes no more jobs, cancels what runs and waits, and ends when all of it has ended. */
  async close(): Promise<void> {
    this.#isClosed = true
    const open = [...this.#entries.values()].filter(({ job }) => job.endedAtMs === null)
    for (const { job } of open) this.cancel(job.id)
    await Promise.allSettled(open.map(({ finished }) => finished))
  }

  async #work<Result>(
    entry: Entry,
    { work }: JobRequest<Result>,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
  ): Promise<void> {
    const { signal } = entry.controller
    this.#change(entry, { state: 'running', startedAtMs: this.#now() })
    try {
      signal.throwIfAborted()
      const result = await work({ signal, onEvent: (event) => this.#progress(entry, event) })
      this.#end(entry, { state: 'done', result })
      resolve(result)
    } catch (error) {
      const state = signal.aborted ? 'cancelled' : 'failed'
      const cause: unknown = signal.aborted ? signal.reason : error
      this.#end(entry, { state, error: faultOf(cause) })
      reject(cause)
    }
  }

  #end(entry: Entry, fields: Partial<Job>): void {
    if (this.#writing === entry) this.#writing = undefined
    this.#change(entry, { ...fields, endedAtMs: this.#now() })
    this.#forgetOldest()
    this.#startNext()
  }

  #startNext(): void {
    for (const entry of this.#entries.values()) {
      if (entry.job.state !== 'queued') continue
      if (entry.access === 'read') void entry.run()
      else if (this.#writing === undefined) {
        this.#writing = entry
        void entry.run()
      }
    }
  }

  #progress(entry: Entry, event: HoldfastEvent): void {
    const before = entry.job.progress
    const progress: JobProgress =
      event.type === 'progress'
        ? {
            phase: event.phase,
            filesDone: event.filesDone,
            filesTotal: event.filesTotal ?? null,
            bytesDone: event.bytesDone,
            bytesTotal: event.bytesTotal ?? null,
            message: before?.message ?? '',
          }
        : { ...(before ?? noProgress), message: event.message.slice(0, 500) }
    entry.job = { ...entry.job, progress }
    if (this.#now() - entry.toldAt >= progressEveryMs) this.#tell(entry)
  }

  #change(entry: Entry, fields: Partial<Job>): void {
    entry.job = { ...entry.job, ...fields }
    this.#tell(entry)
  }

  #tell(entry: Entry): void {
    entry.toldAt = this.#now()
    for (const listener of this.#listeners) {
      try {
        listener(entry.job)
      } catch {
        // A listener's trouble is its own: the job and the other listeners go on.
      }
    }
  }

  #forgetOldest(): void {
    const ended = [...this.#entries.values()].filter(({ job }) => job.endedAtMs !== null)
    for (const { job } of ended.slice(0, Math.max(0, ended.length - jobHistoryMax))) {
      this.#entries.delete(job.id)
    }
  }

  #refuseTooMany(): void {
    const waiting = [...this.#entries.values()].filter(({ job }) => job.state === 'queued')
    if (!this.#isClosed && waiting.length < waitingMax) return
    throw new HoldfastError(
      'ALREADY_RUNNING',
      this.#isClosed
        ? 'Cannot start a job: the program is stopping'
        : `Cannot start a job: ${waiting.length} jobs are waiting already`,
      { remedy: 'Wait until jobs have ended, or cancel some' },
    )
  }
}

const noProgress: JobProgress = {
  phase: '',
  filesDone: 0,
  filesTotal: null,
  bytesDone: 0,
  bytesTotal: null,
  message: '',
}

function faultOf(error: unknown): JobFault {
  const message = errorText(error)
  if (!(error instanceof HoldfastError)) return { code: 'INTERNAL', message, remedy: '' }
  return { code: error.code, message, remedy: error.remedy }
}

function withResolvers<Result>(): {
  promise: Promise<Result>
  resolve: (result: Result) => void
  reject: (error: unknown) => void
} {
  let resolve!: (result: Result) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<Result>((done, fail) => {
    resolve = done
    reject = fail
  })
  return { promise, resolve, reject }
}
