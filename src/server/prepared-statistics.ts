import { hasOwnerTable, statisticsState } from '../operations/statistics/owner-table.ts'
import type { Repository } from '../repository/repository.ts'
import type { HeldRepository } from './held-repository.ts'
import type { StatisticsRequest } from './jobs/job-protocol.ts'
import type { JobRunner } from './jobs/jobs.ts'

/** Below, computing them takes less than a process takes to start. */
const pagesComputedHere = 500
/** A repository that changes all the time is told of as it was. */
const turnsMax = 3

/**
 * Has the statistics of space computed by a process of its own, which leaves them in the catalogue: ten seconds for a thousand snapshots of
 * a million files, in which no request would be answered.
 */
export class PreparedStatistics {
  readonly #held: HeldRepository
  readonly #run: JobRunner<StatisticsRequest>
  readonly #stopped = new AbortController()
  #running: Promise<void> | undefined
  /** What a process could not leave statistics of: with pages that are lost, they are not kept. */
  #helpless: string | undefined

  constructor(held: HeldRepository, run: JobRunner<StatisticsRequest>) {
    this.#held = held
    this.#run = run
  }

  /** Whether they are at hand. If not, they are being computed from now on. */
  areReady(repository: Repository): boolean {
    if (isSmall(repository) || hasOwnerTable(repository)) return true
    if (this.#helpless === statisticsState(repository)) return true
    void this.#compute()
    return false
  }

  /** The repository, when its statistics are at hand. Should the process fail, whoever asks computes them. */
  async current(): Promise<Repository> {
    let repository = await this.#held.current()
    for (let turn = 0; turn < turnsMax && !this.areReady(repository); turn++) {
      await this.#compute()
      repository = await this.#held.current()
    }
    return repository
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#running
  }

  #compute(): Promise<void> {
    this.#running ??= this.#runOnce().finally(() => {
      this.#running = undefined
      this.#held.expire()
    })
    return this.#running
  }

  async #runOnce(): Promise<void> {
    const { handle } = this.#held
    const state = statisticsState(handle)
    const order = { request: { kind: 'statistics' }, actor: { via: 'http', user: '' } } as const
    await this.#run(order, this.#stopped.signal, () => undefined)
    if (!hasOwnerTable(handle)) this.#helpless = state
  }
}

function isSmall({ catalogue }: Repository): boolean {
  return catalogue.search.lastPage() < pagesComputedHere
}
