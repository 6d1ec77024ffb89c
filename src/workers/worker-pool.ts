import { availableParallelism } from 'node:os'
import type { Transferable } from 'node:worker_threads'
import { settleAll } from '../foundation/settle-all.ts'
import { InlineWorker } from './inline-worker.ts'
import { ThreadWorker } from './thread-worker.ts'
import type { HandlerFactory } from './worker-protocol.ts'

export interface WorkerPoolOptions<Setup, Request, Reply, Note> {
  /** The name under which the entry module calls `serveWorker`. */
  readonly name: string
  /** `import.meta.url` of the entry module. */
  readonly entryUrl: string
  readonly factory: HandlerFactory<Setup, Request, Reply, Note>
  readonly setup: Setup
  /** Threads to use; 0 runs the handler on the calling thread, which is faster for small jobs. */
  readonly threads: number
  readonly onNote: (note: Note) => void
}

/** One executor of requests, on a thread of its own or on this one. */
export interface PoolWorker<Request, Reply> {
  readonly inFlight: number
  submit(request: Request, transfer: readonly Transferable[]): Promise<Reply>
  close(): Promise<void>
  terminate(): Promise<void>
}

/** Requests are queued at each worker so that none waits for the main thread's turn, and that one goes on while threads start. */
const requestsPerWorker = 4

export function defaultThreadCount(): number {
  const wanted = Number(process.env['HOLDFAST_THREADS'])
  if (Number.isInteger(wanted) && wanted >= 0 && wanted <= 64) return wanted
  return Math.max(1, Math.min(16, availableParallelism()))
}

/**
 * Share-nothing workers that answer batches of requests.
 *
 * Threads start with the first request that finds all the others busy, or before when it is known that there will be so many: a backup that
 * finds nothing to read starts none.
 */
export class WorkerPool<Setup, Request, Reply, Note> {
  readonly #options: WorkerPoolOptions<Setup, Request, Reply, Note>
  readonly #workers: PoolWorker<Request, Reply>[] = []
  #waiting: (() => void)[] = []

  constructor(options: WorkerPoolOptions<Setup, Request, Reply, Note>) {
    this.#options = options
  }

  get startedWorkers(): number {
    return this.#workers.length
  }

  /** Whether `submit` would be taken up without queueing more than four requests at a worker. */
  get hasRoom(): boolean {
    return (
      this.#workers.length < Math.max(1, this.#options.threads) ||
      this.#workers.some((worker) => worker.inFlight < requestsPerWorker)
    )
  }

  /** Resolves when `hasRoom` is true. */
  async room(): Promise<void> {
    while (!this.hasRoom) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    }
  }

  /** @throws the handler's error, with its class restored. */
  submit(request: Request, transfer: readonly Transferable[] = []): Promise<Reply> {
    const worker = this.#choose()
    // To the end of the line: of two that are equally busy the one that was given something longer ago is done sooner.
    this.#workers.push(...this.#workers.splice(this.#workers.indexOf(worker), 1))
    const reply = worker.submit(request, transfer)
    const wake = (): void => {
      const waiting = this.#waiting
      this.#waiting = []
      for (const resolve of waiting) resolve()
    }
    reply.then(wake, wake)
    return reply
  }

  /** Starts so many threads now: loading their modules takes a while, in which the first requests may be made. */
  startThreads(count: number): void {
    while (this.#workers.length < Math.min(count, this.#options.threads)) this.#start()
  }

  /** Sends one request to every worker that was started. */
  async broadcast(request: Request): Promise<Reply[]> {
    return await settleAll(this.#workers.map((worker) => worker.submit(request, [])))
  }

  /** Lets every worker finish what it has and end. */
  async close(): Promise<void> {
    await settleAll(this.#workers.map((worker) => worker.close()))
    this.#workers.length = 0
  }

  /** Ends every worker at once; what they were doing is lost. */
  async terminate(): Promise<void> {
    await settleAll(this.#workers.map((worker) => worker.terminate()))
    this.#workers.length = 0
  }

  #choose(): PoolWorker<Request, Reply> {
    let best: PoolWorker<Request, Reply> | undefined
    for (const worker of this.#workers) {
      if (!best || worker.inFlight < best.inFlight) best = worker
    }
    if (best && best.inFlight === 0) return best
    if (best && this.#workers.length >= Math.max(1, this.#options.threads)) return best
    return this.#start()
  }

  #start(): PoolWorker<Request, Reply> {
    const started =
      this.#options.threads === 0
        ? new InlineWorker(this.#options)
        : new ThreadWorker(this.#options)
    this.#workers.push(started)
    return started
  }
}
