import type { AlertState } from '../../monitoring/alerts/alert.ts'
import type { Jobs } from '../jobs/jobs.ts'

/** Something that changed; of two with the same key only the newer matters. */
export interface ServerEvent {
  readonly key: string
  readonly event: 'job' | 'alert'
  readonly data: unknown
}

/** One that was numbered; numbers only grow, also from one start of the server to the next. */
export interface KeptEvent extends ServerEvent {
  readonly id: number
}

/** Clients that listen at once; each holds a connection open. */
const listenersMax = 100
/** What a client that comes back can be told without being told everything. */
const keptMax = 500

/** Hands on what changes to those who listen, each at its own pace. */
export class EventHub {
  readonly #kept: KeptEvent[] = []
  readonly #listeners = new Set<(event: KeptEvent) => void>()
  readonly #jobs: Jobs
  #lastId: number
  #raised = ''

  constructor(jobs: Jobs, nowMs: number) {
    this.#jobs = jobs
    // No server before this one got so far, so that nobody who comes back from it is taken for one who was here: 1,000 events for each of its milliseconds.
    this.#lastId = nowMs * 1000
    jobs.subscribe((job) => this.#add({ key: job.id, event: 'job', data: job }))
  }

  get isFull(): boolean {
    return this.#listeners.size >= listenersMax
  }

  /** Tells of alerts when others are raised than before. */
  noteAlerts(alerts: readonly AlertState[]): void {
    const raised = alerts
      .filter(({ is_raised }) => is_raised)
      .map(({ rule }) => rule)
      .join(' ')
    if (raised === this.#raised) return
    this.#raised = raised
    this.#add({ key: 'alerts', event: 'alert', data: { items: alerts } })
  }

  /** What happened after the event with that id, or all jobs there are when that is not known, or not any more. */
  since(last: string | undefined): KeptEvent[] {
    const oldest = this.#kept[0]?.id ?? this.#lastId + 1
    const lastId = Number(last ?? Number.NaN)
    if (lastId >= oldest - 1 && lastId <= this.#lastId) {
      return this.#kept.filter(({ id }) => id > lastId)
    }
    return this.#jobs
      .list()
      .reverse()
      .map((job) => ({ key: job.id, event: 'job' as const, data: job, id: this.#lastId }))
  }

  /** @returns what ends it */
  listen(listener: (event: KeptEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #add(event: ServerEvent): void {
    const kept = { ...event, id: ++this.#lastId }
    this.#kept.push(kept)
    if (this.#kept.length > keptMax) this.#kept.shift()
    for (const listener of this.#listeners) listener(kept)
  }
}
