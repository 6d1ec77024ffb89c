import { openBlobSession } from '../../repository/blob-session.ts'
import type { BlobCounts } from '../../repository/blob-store.ts'
import type { WrittenPack } from '../../repository/pack-writer.ts'
import type { RepositoryContext } from '../../repository/repository-context.ts'
import { threadEntry } from '../../foundation/installed-files.ts'
import { serveWorker } from '../../workers/serve-worker.ts'
import type { HandlerFactory, Outgoing } from '../../workers/worker-protocol.ts'
import { FileStorer } from './file-storer.ts'
import type { ReadBatch } from './read-batch.ts'
import type { PieceCut, PieceRequest } from './relay.ts'

export const snapshotWorkerName = 'snapshot worker'

export interface SnapshotWorkerSetup {
  readonly context: RepositoryContext
  /** Memory of the `BlobClaims` that all threads of the run share. */
  readonly claims: SharedArrayBuffer
  /** False when the repository held no blobs: then none has to be looked up. */
  readonly hasBlobs: boolean
  /** Catalogue rows of packs that are missing in the storage. */
  readonly avoidedPacks: readonly number[]
  /** Damaged segments, by `segmentKey`. */
  readonly avoidedSegments: readonly number[]
}

export type SnapshotWorkerRequest =
  | { readonly type: 'read'; readonly batch: ReadBatch }
  | { readonly type: 'piece'; readonly piece: PieceRequest }
  /** Write out what is left; the reply comes when every pack has its name. */
  | { readonly type: 'finish' }
  /** The run is given up: remove unfinished files. */
  | { readonly type: 'discard' }

export interface SnapshotWorkerReply {
  /** One result for each file of a batch (read-batch.ts), or the references of a piece (relay.ts). */
  readonly results: Uint8Array<ArrayBuffer>
  /** Totals since the worker started. */
  readonly counts: BlobCounts
}

export type SnapshotWorkerNote =
  | { readonly type: 'pack'; readonly pack: WrittenPack }
  | { readonly type: 'cut'; readonly cut: PieceCut }

/** The worker of a snapshot: read → chunk → hash → known? → segment → compress → seal → prove → pack, without a byte changing threads. */
export const createSnapshotWorker: HandlerFactory<
  SnapshotWorkerSetup,
  SnapshotWorkerRequest,
  SnapshotWorkerReply,
  SnapshotWorkerNote
> = (setup, emit) => {
  const session = openBlobSession(setup.context, {
    ...setup,
    onPack: (pack) => emit({ type: 'pack', pack }),
  })
  const { store, packs } = session
  const files = new FileStorer(setup.context, store)

  async function handle(request: SnapshotWorkerRequest): Promise<Outgoing<SnapshotWorkerReply>> {
    let results: Uint8Array<ArrayBuffer> = new Uint8Array(0)
    if (request.type === 'read') {
      results = files.storeBatch(request.batch)
      await packs.settle()
    } else if (request.type === 'piece') {
      results = files.storePiece(request.piece, (cut) => emit({ type: 'cut', cut }))
      await packs.settle()
    } else if (request.type === 'finish') {
      await packs.finish()
    } else {
      await packs.discard()
    }
    return { message: { results, counts: { ...store.counts } }, transfer: [results.buffer] }
  }

  return { handle, close: () => session.close() }
}

serveWorker(snapshotWorkerName, createSnapshotWorker)

/** Where the worker's module is. */
export const snapshotWorkerUrl: string = threadEntry('operations/snapshot/snapshot-worker').href
