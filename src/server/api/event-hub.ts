import type { AlertState } from '../../monitoring/alerts/alert.ts'
import type { Jobs } from '../jobs/jobs.ts'

/** Something that changed; of two with the same key only the newer matters. */
export interface ServerEvent {
  readonly key: string
  readonly event: 'job' | 'alert'
  readonly data: unknown
}

interface Kept extends ServerEvent {
  readonly id: number
}

/** Clients that listen at once; each holds a connection open. */
const listenersMax = 100
/** What a client that comes back can be told without being told everything. */
const keptMax = 500

/** Hands on what changes to those who listen, each at its own pace. */
export class EventHub {
  readonly #kept: Kept[] = []
  readonly #listeners = new Set<(event: Kept) => void>()
  readonly #jobs: Jobs
  #lastId = 0
  #raised = ''

  constructor(jobs: Jobs) {
    this.#jobs = jobs
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

  /** What happened after an event, or all jobs there are when that is not known any more. */
  since(lastId: number | undefined): Kept[] {
    const oldest = this.#kept[0]?.id ?? this.#lastId + 1
    if (lastId !== undefined && lastId >= oldest - 1 && lastId <= this.#lastId) {
      return this.#kept.filter(({ id }) => id > lastId)
    }
    return this.#jobs
      .list()
      .reverse()
      .map((job) => ({ key: job.id, event: 'job' as const, data: job, id: this.#lastId }))
  }

  /** @returns what ends it */
  listen(listener: (event: Kept) => void): () => void {
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
