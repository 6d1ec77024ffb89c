import { readFile } from 'node:fs/promises'
import type { MessagePort, Transferable } from 'node:worker_threads'
import pLimit from 'p-limit'
import { join } from 'node:path'
import { transferError } from '../../foundation/error-transfer.ts'
import type { ObjectRange } from '../object-range.ts'
import type { ObjectClient } from './object-client.ts'
import { RangeCache } from './range-cache.ts'
import { RangesAhead, type FetchRange } from './ranges-ahead.ts'
import { spoolError } from './s3-faults.ts'
import type { S3CallName, S3Calls, S3Reply, S3Request } from './s3-requests.ts'

/** Files that are sent at once; each lies in memory as a whole, 32 MiB as a rule. */
const filesMax = 3
/** Far more often than anybody looks. */
const pulseMs = 2_000

/**
 * Fetched for one thread before it reads it, in bytes: a part of a large file (32 MiB) as a whole, which lies in several packs with something else
 * at each end, and three threads do not take more than 120 MB.
 */
const aheadBytesMax = 40 * 1024 * 1024
const aheadRequestsMax = 6

type Handlers = {
  readonly [Name in S3CallName]: (
    take: S3Calls[Name]['take'],
    ahead: RangesAhead,
  ) => Promise<S3Calls[Name]['give']>
}

export interface RequestServerSettings {
  /** Folder of this machine for packs that are being written and for what is read often. */
  readonly cacheFolder: string
  /** What is kept near may take so much. */
  readonly nearBytesMax: number
}

/** Answers what other threads ask of a store. */
export class RequestServer {
  readonly #handlers: Handlers
  readonly #fetch: FetchRange
  /** Of threads that wait and can see nothing else: that they are not forgotten. */
  readonly #waited = new Set<Int32Array>()

  /** @param open makes the client when it is needed first, so that whoever asks hears why it cannot be made */
  constructor(open: () => ObjectClient, settings: RequestServerSettings) {
    const { cacheFolder } = settings
    let opened: ObjectClient | undefined
    const client = (): ObjectClient => (opened ??= open())
    const near = new RangeCache(join(cacheFolder, 'ranges'), settings.nearBytesMax)
    const inTurn = pLimit(filesMax)
    this.#fetch = (range) => client().range(range)
    this.#handlers = {
      prepare: async () => {
        await client().prepare()
        return null
      },
      get: ({ name, bytesMax }) => client().get(name, bytesMax),
      range: async ({ range, near: use }, ahead) => {
        const kept = use === 'unused' ? undefined : await near.get(range)
        if (kept) return kept
        const bytes = (await ahead.take(range)) ?? (await client().range(range))
        // A copy, because the caller gets the other one as its own.
        if (use === 'kept') void near.put(range, bytes.slice())
        return bytes
      },
      expect: async ({ ranges, near: use }, ahead) => {
        ahead.expect(use === 'unused' ? ranges : await missing(near, ranges))
        return null
      },
      distrust: async (range, ahead) => {
        client().noteWrongAnswer()
        ahead.forget(range)
        await near.remove(range)
        return null
      },
      stat: (name) => client().stat(name),
      put: async ({ name, bytes, replaces }) => {
        await client().put(name, bytes, replaces)
        return null
      },
      putFile: ({ name, path, near: spans }) =>
        inTurn(async () => {
          const bytes = await read(path)
          await client().put(name, bytes, false)
          for (const span of spans) {
            const end = span.offsetBytes + span.lengthBytes
            await near.put({ name, ...span }, bytes.subarray(span.offsetBytes, end))
          }
          return null
        }),
      ...versionHandlers(client),
      probePuts: () => client().probePuts(),
      delete: async (name) => {
        await client().delete(name)
        return null
      },
      list: (folder) => client().list(folder),
      cacheFolder: async () => cacheFolder,
      counts: async () => client().counts,
    }
    setInterval(() => {
      for (const signal of this.#waited) Atomics.add(signal, 1, 1)
    }, pulseMs).unref()
  }

  /** Answers one thread, until it closes its port. */
  serve(port: MessagePort): void {
    const limits = { bytesMax: aheadBytesMax, requestsMax: aheadRequestsMax }
    const ahead = new RangesAhead(this.#fetch, limits)
    port.on('message', (request: S3Request) => void this.#answer(port, request, ahead))
  }

  async #answer(port: MessagePort, request: S3Request, ahead: RangesAhead): Promise<void> {
    const { number, call, take, signal } = request
    if (signal) this.#waited.add(signal)
    let reply: S3Reply
    let transfer: readonly Transferable[] = []
    try {
      const handle = this.#handlers[call] as (take: unknown, ahead: RangesAhead) => Promise<unknown>
      const give = await handle(take, ahead)
      reply = { number, give }
      if (give instanceof Uint8Array) transfer = [give.buffer as ArrayBuffer]
    } catch (error) {
      reply = { number, error: transferError(error) }
    }
    if (number >= 0) port.postMessage(reply, transfer as Transferable[])
    if (!signal) return
    this.#waited.delete(signal)
    Atomics.store(signal, 0, 1)
    Atomics.notify(signal, 0)
  }
}

/** What a store keeps of what was replaced and deleted. */
function versionHandlers(
  client: () => ObjectClient,
): Pick<
  Handlers,
  'listVersions' | 'getVersion' | 'bringBack' | 'retention' | 'retain' | 'keepsObjects' | 'keepNew'
> {
  return {
    listVersions: (within) => client().versions.list(within),
    getVersion: ({ bytesMax, ...version }) => client().getVersion(version, bytesMax),
    bringBack: async (version) => {
      await client().versions.bringBack(version)
      return null
    },
    retention: () => client().versions.retention(),
    retain: async ({ version, untilMs, mode }) => {
      await client().versions.retain(version, untilMs, mode)
      return null
    },
    keepsObjects: () => client().versions.keepsObjects(),
    keepNew: async (retention) => {
      client().keepNew(retention)
      return null
    },
  }
}

/** What of it is not kept near. */
async function missing(near: RangeCache, ranges: readonly ObjectRange[]): Promise<ObjectRange[]> {
  const isNear = await Promise.all(ranges.map((range) => near.has(range)))
  return ranges.filter((_range, index) => isNear[index] !== true)
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw spoolError(error, 'read', path)
  }
}
