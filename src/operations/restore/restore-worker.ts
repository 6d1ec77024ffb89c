import { threadEntry } from '../../foundation/installed-files.ts'
import { serveWorker } from '../../workers/serve-worker.ts'
import type { HandlerFactory, Outgoing } from '../../workers/worker-protocol.ts'
import { PageRestorer, type PageRestorerSetup } from './page-restorer.ts'
import type { RestoreReply, RestoreRequest } from './restore-batch.ts'

export const restoreWorkerName = 'restore worker'
export const restoreWorkerUrl: string = threadEntry('operations/restore/restore-worker').href

/** The worker of a restore: one request for some hundred files that lie together in the tree. */
export const createRestoreWorker: HandlerFactory<
  PageRestorerSetup,
  RestoreRequest,
  RestoreReply,
  never
> = (setup) => {
  const restorer = new PageRestorer(setup)
  return {
    handle: (request): Outgoing<RestoreReply> => ({
      message:
        'part' in request ? restorer.restorePart(request.part) : restorer.restore(request.units),
    }),
    close: () => restorer.close(),
  }
}

serveWorker(restoreWorkerName, createRestoreWorker)
