import { PackCopier, type PackCopy } from '../../repository/pack-copier.ts'
import type { WrittenPack } from '../../repository/pack-writer.ts'
import type { RepositoryContext } from '../../repository/repository-context.ts'
import { threadEntry } from '../../foundation/installed-files.ts'
import { serveWorker } from '../../workers/serve-worker.ts'
import type { HandlerFactory, Outgoing } from '../../workers/worker-protocol.ts'

export const repackWorkerName = 'repack worker'
export const repackWorkerUrl: string = threadEntry('operations/prune/repack-worker').href

export type RepackRequest =
  | { readonly type: 'copy'; readonly pack: PackCopy }
  /** Write out what is left; the reply comes when every pack has its name. */
  | { readonly type: 'finish' }
  /** The run is given up: remove unfinished files. */
  | { readonly type: 'discard' }

/** The worker of a prune's second phase: one request for each pack of which something stays. */
export const createRepackWorker: HandlerFactory<
  RepositoryContext,
  RepackRequest,
  null,
  WrittenPack
> = (context, emit) => {
  const copier = new PackCopier(context, (pack) => emit(pack))
  return {
    handle: async (request): Promise<Outgoing<null>> => {
      if (request.type === 'copy') await copier.copy(request.pack)
      else if (request.type === 'finish') await copier.finish()
      else await copier.discard()
      return { message: null }
    },
    close: () => copier.close(),
  }
}

serveWorker(repackWorkerName, createRepackWorker)
