import type { BlobSession } from '../../repository/blob-session.ts'
import type { Repository } from '../../repository/repository.ts'
import type { OnPack, StoringPool, StoringSetup } from '../../repository/store-snapshot.ts'
import { WorkerPool } from '../../workers/worker-pool.ts'
import { buffersOf, type ContentBatch, type CopiedContents } from './content-batch.ts'
import { ContentCopier } from './content-copier.ts'
import { RelayedContents, relayedBytesMin } from './relayed-contents.ts'
import {
  copyWorkerName,
  copyWorkerUrl,
  createCopyWorker,
  type CopyWorkerNote,
  type CopyWorkerReply,
  type CopyWorkerRequest,
  type CopyWorkerSetup,
} from './copy-worker.ts'

/** The threads of a copy. */
export interface CopyPool extends StoringPool {
  room(): Promise<void>
  /** @param isOnly there is no other batch: a thread would take longer to start than to copy it, and write another pack */
  copy(batch: ContentBatch, isOnly: boolean): Promise<CopiedContents>
}

/** How the work of the threads is followed, and stopped. */
export interface CopyWatch {
  /** Told of what is read on the way through long files. */
  readonly onBytes: (bytes: number) => void
  readonly signal: AbortSignal | undefined
}

export function openCopyPool(
  { source, target }: { readonly source: Repository; readonly target: Repository },
  setup: StoringSetup,
  own: { readonly session: BlobSession; readonly onPack: OnPack },
  { onBytes, signal }: CopyWatch,
): CopyPool {
  const context = { source: source.context, target: target.context }
  const workers = new WorkerPool<
    CopyWorkerSetup,
    CopyWorkerRequest,
    CopyWorkerReply,
    CopyWorkerNote
  >({
    name: copyWorkerName,
    entryUrl: copyWorkerUrl,
    factory: createCopyWorker,
    setup: { ...setup, ...context },
    // A thread has to reach the objects of both.
    threads: Math.min(source.threadCount, target.threadCount),
    onNote: (note) => {
      if (note.type === 'pack') own.onPack(note.pack)
      else if (note.type === 'bytes') onBytes(note.bytes)
      else relayed.take(note.cut)
    },
  })
  const relayed = new RelayedContents(
    own.session,
    async (piece) => {
      const reply = await workers.submit({ type: 'piece', piece })
      if (!reply.piece) throw new RangeError('A piece was not answered')
      return reply.piece
    },
    onBytes,
  )
  return {
    room: () => workers.room(),
    async copy(batch, isOnly) {
      if (batch.sizes.length === 1 && batch.sizes[0] >= relayedBytesMin) {
        return await relayed.copy(batch, signal)
      }
      if (isOnly) return await copyHere(context, own.session, batch, onBytes)
      const { copied } = await workers.submit({ type: 'copy', batch }, buffersOf(batch))
      if (!copied) throw new RangeError('A batch was not answered')
      return copied
    },
    finish: async () => (await workers.broadcast({ type: 'finish' })).map(({ counts }) => counts),
    discard: () => workers.broadcast({ type: 'discard' }),
    close: () => workers.close(),
    terminate: () => workers.terminate(),
  }
}

async function copyHere(
  context: ConstructorParameters<typeof ContentCopier>[0],
  session: BlobSession,
  batch: ContentBatch,
  onBytes: (bytes: number) => void,
): Promise<CopiedContents> {
  const contents = new ContentCopier(context, session, onBytes)
  try {
    return await contents.copy(batch)
  } finally {
    await contents.close()
  }
}
