import { receiveMessageOnPort, type MessagePort, type Transferable } from 'node:worker_threads'
import { receiveError } from '../../foundation/error-transfer.ts'
import { RepositoryError } from '../../foundation/errors.ts'
import type { S3CallName, S3Calls, S3Reply, S3Request } from './s3-requests.ts'

interface Waiting {
  resolve(give: unknown): void
  reject(error: Error): void
}

/** The thread that does the requests shows that it lives far more often, see `RequestServer`. */
const silenceMsMax = 60_000

/**
 * One thread's way to the thread that does the requests of a storage. A thread that works without pause can wait here for an answer, which
 * promises do not allow; meanwhile the requests of others, and its own uploads, go on.
 */
export class RequestChannel {
  readonly #port: MessagePort
  readonly #waiting = new Map<number, Waiting>()
  #nextNumber = 0
  #isClosed = false

  constructor(port: MessagePort) {
    this.#port = port
    port.on('message', (reply: S3Reply) => this.#receive(reply))
    port.on('close', () => this.#close())
    // Only a request on its way keeps the process alive.
    port.unref()
  }

  /** Whether the thread that does the requests has ended. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** @throws {RepositoryError} what the request ended with */
  async call<Name extends S3CallName>(
    call: Name,
    take: S3Calls[Name]['take'],
    transfer: readonly Transferable[] = [],
  ): Promise<S3Calls[Name]['give']> {
    if (this.#isClosed) throw closedError()
    const number = this.#nextNumber++
    const give = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject })
    })
    this.#port.ref()
    this.#send({ number, call, take, signal: null }, transfer)
    return (await give) as S3Calls[Name]['give']
  }

  /** Asks for something of which nobody needs to hear again. */
  tell<Name extends S3CallName>(call: Name, take: S3Calls[Name]['take']): void {
    if (!this.#isClosed) this.#send({ number: -1, call, take, signal: null }, [])
  }

  /** As `call`, and blocks the thread until the answer is there. */
  callSync<Name extends S3CallName>(
    call: Name,
    take: S3Calls[Name]['take'],
  ): S3Calls[Name]['give'] {
    if (this.#isClosed) throw closedError()
    const number = this.#nextNumber++
    const signal = new Int32Array(new SharedArrayBuffer(8))
    this.#send({ number, call, take, signal }, [])
    let pulse = 0
    for (;;) {
      const received: { message: S3Reply } | undefined = receiveMessageOnPort(this.#port)
      if (!received) {
        // The answer is in the port before the signal is set, so none can be slept through.
        if (Atomics.wait(signal, 0, 0, silenceMsMax) === 'timed-out') {
          const seen = Atomics.load(signal, 1)
          if (seen === pulse) throw closedError()
          pulse = seen
        }
        continue
      }
      const reply = received.message
      if (reply.number !== number) this.#receive(reply)
      else if ('error' in reply) throw receiveError(reply.error)
      else return reply.give as S3Calls[Name]['give']
    }
  }

  #send(request: S3Request, transfer: readonly Transferable[]): void {
    this.#port.postMessage(request, transfer as Transferable[])
  }

  #receive(reply: S3Reply): void {
    const waiting = this.#waiting.get(reply.number)
    this.#waiting.delete(reply.number)
    if (this.#waiting.size === 0) this.#port.unref()
    if ('error' in reply) waiting?.reject(receiveError(reply.error))
    else waiting?.resolve(reply.give)
  }

  #close(): void {
    this.#isClosed = true
    for (const { reject } of this.#waiting.values()) reject(closedError())
    this.#waiting.clear()
  }
}

function closedError(): RepositoryError {
  return new RepositoryError(
    'STORAGE_FAILED',
    'Cannot reach the storage: the thread that does its requests has ended',
    { remedy: 'Run the command again' },
  )
}
