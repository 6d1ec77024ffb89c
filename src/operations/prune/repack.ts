import type { PackRow } from '../../catalogue/blob-location.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'
import { IndexWriter } from '../../repository/index-writer.ts'
import type { SegmentCopy } from '../../repository/pack-copier.ts'
import type { Repository } from '../../repository/repository.ts'
import { WorkerPool } from '../../workers/worker-pool.ts'
import type { LiveBlobs } from './live-blobs.ts'
import { offsetOfPlace } from './live-places.ts'
import { createRepackWorker, repackWorkerName, repackWorkerUrl } from './repack-worker.ts'

export interface RepackOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: OnEvent | undefined
}

/** Below this a thread would take longer to start than the copying takes, and two would leave two small packs. In bytes. */
const inlineBytesMax = 24 * 1024 * 1024

/**
 * Copies what is live in some packs into new ones, in parallel. They are durable and named by durable index objects when the promise resolves;
 * nothing has been taken away.
 *
 * @returns length of the new packs, in bytes
 * @throws {RepositoryError} when a pack is lost or damaged, or the storage fails; what was copied until then is used by the next run
 */
export async function repack(
  repository: Repository,
  from: readonly PackRow[],
  live: LiveBlobs,
  { signal, onEvent }: RepackOptions,
): Promise<number> {
  const index = new IndexWriter(repository)
  const bytes = from.reduce((sum, pack) => sum + pack.bytes, 0)
  const pool = new WorkerPool({
    name: repackWorkerName,
    entryUrl: repackWorkerUrl,
    factory: createRepackWorker,
    setup: repository.context,
    threads: bytes <= inlineBytesMax ? 0 : repository.threadCount,
    onNote: (pack) => index.add(pack),
  })
  const inFlight = new Set<Promise<void>>()
  let failure: unknown
  let done = 0
  try {
    for (const pack of from) {
      await pool.room()
      signal?.throwIfAborted()
      if (failure !== undefined) throw failure
      const { id: packId, bytes: packBytes } = pack
      const segments = segmentsOf(live, pack.row)
      const copying: Promise<void> = pool
        .submit({ type: 'copy', pack: { packId, packBytes, segments } })
        .then(() => {
          done += 1
          report(onEvent, done, from.length)
        })
        .catch((error: unknown) => {
          failure ??= error
        })
        .finally(() => inFlight.delete(copying))
      inFlight.add(copying)
    }
    await Promise.all(inFlight)
    if (failure !== undefined) throw failure
    await pool.broadcast({ type: 'finish' })
    await pool.close()
  } catch (error) {
    await pool.broadcast({ type: 'discard' }).catch(() => undefined)
    await pool.terminate()
    await index.settle()
    throw error
  }
  await index.flush()
  return index.packBytes
}

function segmentsOf(live: LiveBlobs, packRow: number): SegmentCopy[] {
  const segments: SegmentCopy[] = []
  for (const [segment, places] of live.inPack(packRow) ?? []) {
    segments.push({ segment, offsets: Uint32Array.from(places, offsetOfPlace) })
  }
  return segments
}

function report(onEvent: OnEvent | undefined, done: number, total: number): void {
  onEvent?.({
    type: 'progress',
    phase: 'repacking',
    filesDone: done,
    filesTotal: total,
    bytesDone: done,
    bytesTotal: total,
    errors: 0,
  })
}
