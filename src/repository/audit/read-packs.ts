import { WorkerPool } from '../../workers/worker-pool.ts'
import type { Repository } from '../repository.ts'
import { readIndexedEnds } from './indexed-ends.ts'
import {
  createPackAuditWorker,
  packAuditWorkerName,
  packAuditWorkerUrl,
} from './pack-audit-worker.ts'
import type { VerifyPackReply, VerifyPackRequest } from './pack-verifier.ts'

/** A pack to be read, with its row in the catalogue. */
export type PackRequest = VerifyPackRequest & { readonly row: number }

export interface PackReading {
  readonly signal: AbortSignal | undefined
  readonly onReply: (request: PackRequest, reply: VerifyPackReply) => void
  /** Told of a pack that the storage failed to give; without it, or when it throws, the reading ends. */
  readonly onFault?: (request: PackRequest, error: unknown) => Promise<void>
}

/**
 * Reads packs in parallel and proves them. A pack whose own ends cannot be read is read again by what an index object says of it.
 *
 * @throws {RepositoryError} when the storage fails otherwise than by loss
 */
export async function readPacks(
  repository: Repository,
  requests: readonly PackRequest[],
  reading: PackReading,
): Promise<void> {
  const endless: PackRequest[] = []
  await runPool(repository, requests, {
    ...reading,
    onReply: (request, reply) => {
      const isEndless = reply.isUnreadable && !reply.isMissing && !request.indexed
      if (isEndless) endless.push(request)
      else reading.onReply(request, reply)
    },
  })
  if (endless.length === 0) return
  const ends = await readIndexedEnds(repository, new Set(endless.map(({ packId }) => packId)))
  const again = endless.map((request) => {
    const indexed = ends.get(request.packId)
    return indexed ? { ...request, indexed } : request
  })
  await runPool(repository, again, reading)
}

async function runPool(
  repository: Repository,
  requests: readonly PackRequest[],
  { signal, onReply, onFault }: PackReading,
): Promise<void> {
  const pool = new WorkerPool({
    name: packAuditWorkerName,
    entryUrl: packAuditWorkerUrl,
    factory: createPackAuditWorker,
    setup: repository.context,
    threads: requests.length > 1 ? repository.threadCount : 0,
    onNote: () => undefined,
  })
  const inFlight = new Set<Promise<void>>()
  let failure: unknown
  const read = async (request: PackRequest): Promise<void> => {
    const { row: _row, ...asked } = request
    let reply: VerifyPackReply
    try {
      reply = await pool.submit(asked)
    } catch (error) {
      if (!onFault) throw error
      await onFault(request, error)
      return
    }
    onReply(request, reply)
  }
  // The longest first, so that no thread is left alone with one at the end.
  const ordered = requests.toSorted((left, right) => right.packBytes - left.packBytes)
  try {
    for (const request of ordered) {
      await pool.room()
      signal?.throwIfAborted()
      if (failure !== undefined) throw failure
      const reading: Promise<void> = read(request)
        .catch((error: unknown) => {
          failure ??= error
        })
        .finally(() => inFlight.delete(reading))
      inFlight.add(reading)
    }
    await Promise.all(inFlight)
    if (failure !== undefined) throw failure
    await pool.close()
  } catch (error) {
    await pool.terminate()
    throw error
  }
}
