import type { RepositoryContext } from '../repository-context.ts'
import { threadEntry } from '../../foundation/installed-files.ts'
import { serveWorker } from '../../workers/serve-worker.ts'
import type { HandlerFactory, Outgoing } from '../../workers/worker-protocol.ts'
import { PackVerifier, type VerifyPackReply, type VerifyPackRequest } from './pack-verifier.ts'

export const packAuditWorkerName = 'pack audit worker'
export const packAuditWorkerUrl: string = threadEntry('repository/audit/pack-audit-worker').href

/** The worker of whatever reads packs to prove them: one request for each pack. */
export const createPackAuditWorker: HandlerFactory<
  RepositoryContext,
  VerifyPackRequest,
  VerifyPackReply,
  never
> = (context) => {
  const verifier = new PackVerifier(context)
  return {
    handle: async (request): Promise<Outgoing<VerifyPackReply>> => ({
      message: await verifier.verify(request),
    }),
    close: () => verifier.close(),
  }
}

serveWorker(packAuditWorkerName, createPackAuditWorker)
