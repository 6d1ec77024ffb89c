import { threadEntry } from '../../foundation/installed-files.ts'
import { openBlobSession } from '../../repository/blob-session.ts'
import type { BlobCounts } from '../../repository/blob-store.ts'
import type { WrittenPack } from '../../repository/pack-writer.ts'
import type { RepositoryContext } from '../../repository/repository-context.ts'
import type { StoringSetup } from '../../repository/store-snapshot.ts'
import { serveWorker } from '../../workers/serve-worker.ts'
import type { HandlerFactory, Outgoing } from '../../workers/worker-protocol.ts'
import { buffersOf, type ContentBatch, type CopiedContents } from './content-batch.ts'
import { ContentCopier } from './content-copier.ts'
import type { PieceCut, PieceReply, PieceRequest } from './content-piece.ts'

export const copyWorkerName = 'copy worker'
export const copyWorkerUrl: string = threadEntry('operations/copy/copy-worker').href

export interface CopyWorkerSetup extends StoringSetup {
  readonly source: RepositoryContext
  readonly target: RepositoryContext
}

export type CopyWorkerRequest =
  | { readonly type: 'copy'; readonly batch: ContentBatch }
  | { readonly type: 'piece'; readonly piece: PieceRequest }
  /** Write out what is left; the reply comes when every pack has its name. */
  | { readonly type: 'finish' }
  /** The run is given up: remove unfinished files. */
  | { readonly type: 'discard' }

export interface CopyWorkerReply {
  /** Null for everything but a batch. */
  readonly copied: CopiedContents | null
  /** Null for everything but a piece. */
  readonly piece: PieceReply | null
  /** Totals since the worker started. */
  readonly counts: BlobCounts
}

export type CopyWorkerNote =
  | { readonly type: 'pack'; readonly pack: WrittenPack }
  | { readonly type: 'bytes'; readonly bytes: number }
  | { readonly type: 'cut'; readonly cut: PieceCut }

/** The worker of a copy: from the segments of one repository to the packs of another, without a byte changing threads. */
export const createCopyWorker: HandlerFactory<
  CopyWorkerSetup,
  CopyWorkerRequest,
  CopyWorkerReply,
  CopyWorkerNote
> = (setup, emit) => {
  const session = openBlobSession(setup.target, {
    ...setup,
    onPack: (pack) => emit({ type: 'pack', pack }),
  })
  const contents = new ContentCopier(setup, session, (bytes) => emit({ type: 'bytes', bytes }))
  const { store, packs } = session

  async function handle(request: CopyWorkerRequest): Promise<Outgoing<CopyWorkerReply>> {
    if (request.type === 'copy') {
      const copied = await contents.copy(request.batch)
      const message = { copied, piece: null, counts: { ...store.counts } }
      return { message, transfer: buffersOf(copied) }
    }
    if (request.type === 'piece') {
      const piece = await contents.copyPiece(request.piece, (cut) => emit({ type: 'cut', cut }))
      const transfer = [piece.lengths.buffer, piece.ids.buffer]
      return { message: { copied: null, piece, counts: { ...store.counts } }, transfer }
    }
    if (request.type === 'finish') await packs.finish()
    else await packs.discard()
    return { message: { copied: null, piece: null, counts: { ...store.counts } } }
  }

  return {
    handle,
    close: async () => {
      await contents.close()
      await session.close()
    },
  }
}

serveWorker(copyWorkerName, createCopyWorker)
