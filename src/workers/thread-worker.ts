import type { Transferable, Worker } from 'node:worker_threads'
import { receiveError } from '../foundation/error-transfer.ts'
import { HoldfastError } from '../foundation/errors.ts'
import { startThread } from '../foundation/start-thread.ts'
import type { PoolWorker, WorkerPoolOptions } from './worker-pool.ts'
import type { FromWorker, ToWorker } from './worker-protocol.ts'

interface Waiting<Reply> {
  resolve(reply: Reply): void
  reject(error: Error): void
}

/** V8's own choice is 48, which two workers fill with what is garbage already; with this one they are no slower. */
const youngGenerationMb = 4

/** One thread and the requests that it has not answered yet. */
export class ThreadWorker<Setup, Request, Reply, Note> implements PoolWorker<Request, Reply> {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting<Reply>>()
  readonly #onNote: (note: Note) => void
  readonly #ended: Promise<void>
  #nextNumber = 0
  #death: Error | undefined

  constructor(options: WorkerPoolOptions<Setup, Request, Reply, Note>) {
    this.#onNote = options.onNote
    this.#worker = startThread({
      entryUrl: options.entryUrl,
      data: { holdfastWorker: options.name, setup: options.setup },
      youngGenerationMb,
    })
    this.#worker.on('message', (message: FromWorker<Reply, Note>) => this.#receive(message))
    this.#ended = new Promise((resolve) => {
      this.#worker.on('error', (error: Error) => this.#die(options.name, error))
      this.#worker.on('exit', (status) => {
        this.#die(options.name, new Error(`the thread ended with status ${status}`))
        resolve()
      })
    })
  }

  get inFlight(): number {
    return this.#waiting.size
  }

  submit(request: Request, transfer: readonly Transferable[]): Promise<Reply> {
    if (this.#death) return Promise.reject(this.#death)
    const number = this.#nextNumber++
    const reply = new Promise<Reply>((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject })
    })
    const message: ToWorker<Request> = { type: 'request', number, request }
    this.#worker.postMessage(message, transfer as Transferable[])
    return reply
  }

  async close(): Promise<void> {
    const message: ToWorker<Request> = { type: 'close' }
    if (!this.#death) this.#worker.postMessage(message)
    await this.#ended
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
    await this.#ended
  }

  #receive(message: FromWorker<Reply, Note>): void {
    switch (message.type) {
      case 'note':
        this.#onNote(message.note)
        return
      case 'closed':
        return
      case 'reply':
        this.#take(message.number)?.resolve(message.reply)
        return
      case 'error':
        this.#take(message.number)?.reject(receiveError(message.error))
    }
  }

  #take(number: number): Waiting<Reply> | undefined {
    const waiting = this.#waiting.get(number)
    this.#waiting.delete(number)
    return waiting
  }

  #die(name: string, cause: Error): void {
    if (this.#death) return
    this.#death = new HoldfastError(
      'WORKER_FAILED',
      `Cannot go on with ${name}: a worker thread died`,
      {
        cause,
        remedy: 'Run the command again; with HOLDFAST_THREADS=0 it runs without threads',
      },
    )
    for (const waiting of this.#waiting.values()) waiting.reject(this.#death)
    this.#waiting.clear()
  }
}
