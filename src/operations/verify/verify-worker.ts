import type { RepositoryContext } from '../../repository/repository-context.ts'
import { serveWorker } from '../../workers/serve-worker.ts'
import type { HandlerFactory, Outgoing } from '../../workers/worker-protocol.ts'
import { PackVerifier, type VerifyPackReply, type VerifyPackRequest } from './pack-verifier.ts'

export const verifyWorkerName = 'verify worker'
export const verifyWorkerUrl: string = import.meta.url

/** The worker of a verification: one request for each pack. */
export const createVerifyWorker: HandlerFactory<
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

serveWorker(verifyWorkerName, createVerifyWorker)
