import { randomBytes } from 'node:crypto'

import type { Actor } from '../../model/actor.ts'
import { HttpError } from '../http-error.ts'
import type { JobChange, JobEnd, JobJson, JobOrder } from './job.ts'
import { titleOf, type JobRequest } from './job-request.ts'

/** Does the work; ends when the work has ended, and never throws. */
export type JobRunner<Request = JobRequest> = (
  order: JobOrder<Request>,
  signal: AbortSignal,
  onChange: (change: JobChange) => void,
) => Promise<JobEnd>

export interface JobsOptions {
  readonly run: JobRunner
  readonly nowMs: () => number
  /** Called after a job ended and before anybody is told. */
  readonly afterJob: (job: JobJson) => Promise<void>
}

interface Entry extends JobOrder {
  json: JobJson
  readonly controller: AbortController
  readonly ended: Promise<JobEnd>
  readonly end: (end: JobEnd) => void
}

/** One job that writes snapshots at a time; what reads goes beside it, and what only renames does not wait for either. */
const laneOf: Readonly<Record<JobRequest['kind'], 'write' | 'read' | 'short'>> = {
  create: 'write',
  schedule: 'write',
  cleanup: 'write',
  prune: 'write',
  copy: 'write',
  restore: 'read',
  verify: 'read',
  check: 'read',
  drill: 'read',
  export: 'read',
  delete: 'short',
  undelete: 'short',
}
const laneWidth = { write: 1, read: 2, short: 1 } as const

const waitingMax = 100
/** Jobs that ended and can still be looked at. */
const endedMax = 200

/** The jobs of a server: they live in its memory; what they did is in the repository. */
export class Jobs {
  readonly #options: JobsOptions
  /** In the order in which they came. */
  readonly #entries = new Map<string, Entry>()
  readonly #listeners = new Set<(job: JobJson) => void>()
  #isStopping = false

  constructor(options: JobsOptions) {
    this.#options = options
  }

  /** Newest first. */
  list(): JobJson[] {
    return [...this.#entries.values()].map(({ json }) => json).reverse()
  }

  find(id: string): JobJson | undefined {
    return this.#entries.get(id)?.json
  }

  /** @throws {HttpError} when too many wait, or the server stops */
  submit(request: JobRequest, actor: Actor): JobJson {
    if (this.#isStopping)
      throw new HttpError(503, 'STOPPING', 'Cannot start a job: the server stops')
    const waiting = this.list().filter(({ state }) => state === 'queued').length
    if (waiting >= waitingMax) {
      throw new HttpError(429, 'TOO_MANY_REQUESTS', `Cannot start a job: ${waiting} are waiting`, {
        headers: { 'retry-after': '60' },
        remedy: 'Wait until some of them have ended, or cancel them',
      })
    }
    let end!: (end: JobEnd) => void
    const ended = new Promise<JobEnd>((resolve) => (end = resolve))
    const id = `job_${randomBytes(8).toString('hex')}`
    const json: JobJson = {
      id,
      kind: request.kind,
      title: titleOf(request),
      state: 'queued',
      created_at: this.#now(),
      started_at: null,
      ended_at: null,
      progress: null,
      waiting_for: null,
      result: null,
      error: null,
      requested_by: actor.user,
    }
    this.#entries.set(id, { request, actor, json, controller: new AbortController(), ended, end })
    this.#change(id, {})
    this.#startNext()
    return this.#entries.get(id)?.json ?? json
  }

  /** Waits until a job has ended. */
  async wait(id: string): Promise<JobEnd> {
    const entry = this.#entries.get(id)
    if (entry === undefined) throw new RangeError(`There is no job ${id}`)
    return await entry.ended
  }

  /** @returns undefined when there is no such job; one that has ended stays as it is */
  cancel(id: string): JobJson | undefined {
    const entry = this.#entries.get(id)
    if (entry?.json.state === 'queued') this.#finish(id, cancelledEnd)
    else entry?.controller.abort()
    return this.find(id)
  }

  /** @returns what ends it */
  subscribe(listener: (job: JobJson) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Cancels everything, and waits until it has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const open = [...this.#entries.values()].filter(({ json }) => json.ended_at === null)
    for (const { json } of open) this.cancel(json.id)
    await Promise.all(open.map(({ ended }) => ended))
  }

  #startNext(): void {
    for (const lane of ['write', 'read', 'short'] as const) {
      const inLane = [...this.#entries.values()].filter(({ json }) => laneOf[json.kind] === lane)
      const running = inLane.filter(({ json }) => json.state === 'running').length
      const free = laneWidth[lane] - running
      for (const { json } of inLane.filter((one) => one.json.state === 'queued').slice(0, free)) {
        void this.#run(json.id)
      }
    }
  }

  async #run(id: string): Promise<void> {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.#change(id, { state: 'running', started_at: this.#now() })
    const end = await this.#options.run(entry, entry.controller.signal, (change) => {
      if (entry.json.state === 'running') this.#change(id, change)
    })
    await this.#options.afterJob(entry.json)
    this.#finish(id, end)
  }

  #finish(id: string, end: JobEnd): void {
    const outcome = end.state === 'done' ? { result: end.result } : { error: end.error }
    this.#change(id, { state: end.state, ended_at: this.#now(), waiting_for: null, ...outcome })
    this.#entries.get(id)?.end(end)
    this.#forgetOldest()
    if (!this.#isStopping) this.#startNext()
  }

  #change(id: string, change: Partial<JobJson>): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    entry.json = { ...entry.json, ...change }
    for (const listener of this.#listeners) listener(entry.json)
  }

  #forgetOldest(): void {
    const ended = [...this.#entries.values()].filter(({ json }) => json.ended_at !== null)
    for (const { json } of ended.slice(0, Math.max(0, ended.length - endedMax))) {
      this.#entries.delete(json.id)
    }
  }

  #now(): string {
    return new Date(this.#options.nowMs()).toISOString()
  }
}

const cancelledEnd: JobEnd = {
  state: 'cancelled',
  error: { error: 'Cancelled before it began', code: 'INTERRUPTED', remedy: '' },
}
