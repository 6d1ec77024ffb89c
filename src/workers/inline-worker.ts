import type { Transferable } from 'node:worker_threads'
import type { PoolWorker, WorkerPoolOptions } from './worker-pool.ts'
import type { Outgoing, WorkerHandler } from './worker-protocol.ts'

/** Runs a worker's handler on the calling thread: no thread to start, no message to copy. */
export class InlineWorker<Setup, Request, Reply, Note> implements PoolWorker<Request, Reply> {
  readonly #handler: WorkerHandler<Request, Outgoing<Reply>>
  #chain: Promise<unknown> = Promise.resolve()
  #inFlight = 0

  constructor(options: WorkerPoolOptions<Setup, Request, Reply, Note>) {
    this.#handler = options.factory(options.setup, (note) => options.onNote(note))
  }

  get inFlight(): number {
    return this.#inFlight
  }

  submit(request: Request, _transfer: readonly Transferable[]): Promise<Reply> {
    this.#inFlight += 1
    const reply = this.#chain.then(async () => {
      try {
        return (await this.#handler.handle(request)).message
      } finally {
        this.#inFlight -= 1
      }
    })
    this.#chain = reply.catch(() => undefined)
    return reply
  }

  async close(): Promise<void> {
    await this.#chain
    await this.#handler.close?.()
  }

  async terminate(): Promise<void> {
    await this.close()
  }
}
