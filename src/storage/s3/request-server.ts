import { readFile } from 'node:fs/promises'
import type { MessagePort, Transferable } from 'node:worker_threads'
import pLimit from 'p-limit'
import { transferError } from '../../foundation/error-transfer.ts'
import type { ObjectClient } from './object-client.ts'
import { spoolError } from './s3-faults.ts'
import type { S3CallName, S3Calls, S3Reply, S3Request } from './s3-requests.ts'

/** Files that are sent at once; each lies in memory as a whole, 32 MiB as a rule. */
const filesMax = 3
/** Far more often than anybody looks. */
const pulseMs = 2_000

type Handlers = {
  readonly [Name in S3CallName]: (take: S3Calls[Name]['take']) => Promise<S3Calls[Name]['give']>
}

/** Answers what other threads ask of a store. */
export class RequestServer {
  readonly #handlers: Handlers
  /** Of threads that wait and can see nothing else: that they are not forgotten. */
  readonly #waited = new Set<Int32Array>()

  /** @param open makes the client when it is needed first, so that whoever asks hears why it cannot be made */
  constructor(open: () => ObjectClient, cacheFolder: string) {
    let opened: ObjectClient | undefined
    const clientOf = (): ObjectClient => (opened ??= open())
    const inTurn = pLimit(filesMax)
    this.#handlers = {
      prepare: async () => {
        await clientOf().prepare()
        return null
      },
      get: ({ name, bytesMax }) => clientOf().get(name, bytesMax),
      range: (range) => clientOf().range(range),
      stat: (name) => clientOf().stat(name),
      put: async ({ name, bytes, replaces }) => {
        await clientOf().put(name, bytes, replaces)
        return null
      },
      putFile: ({ name, path }) =>
        inTurn(async () => {
          await clientOf().put(name, await read(path), false)
          return null
        }),
      delete: async (name) => {
        await clientOf().delete(name)
        return null
      },
      list: (folder) => clientOf().list(folder),
      cacheFolder: async () => cacheFolder,
      counts: async () => clientOf().counts,
    }
    setInterval(() => {
      for (const signal of this.#waited) Atomics.add(signal, 1, 1)
    }, pulseMs).unref()
  }

  serve(port: MessagePort): void {
    port.on('message', (request: S3Request) => void this.#answer(port, request))
  }

  async #answer(port: MessagePort, request: S3Request): Promise<void> {
    const { number, call, take, signal } = request
    if (signal) this.#waited.add(signal)
    let reply: S3Reply
    let transfer: readonly Transferable[] = []
    try {
      const handle = this.#handlers[call] as (take: unknown) => Promise<unknown>
      const give = await handle(take)
      reply = { number, give }
      if (give instanceof Uint8Array) transfer = [give.buffer as ArrayBuffer]
    } catch (error) {
      reply = { number, error: transferError(error) }
    }
    port.postMessage(reply, transfer as Transferable[])
    if (!signal) return
    this.#waited.delete(signal)
    Atomics.store(signal, 0, 1)
    Atomics.notify(signal, 0)
  }
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw spoolError(error, 'read', path)
  }
}
