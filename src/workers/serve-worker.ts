import { isMainThread, parentPort, workerData, type Transferable } from 'node:worker_threads'
import { transferError } from '../foundation/error-transfer.ts'
import type {
  FromWorker,
  HandlerFactory,
  Outgoing,
  ToWorker,
  WorkerHandler,
} from './worker-protocol.ts'

/**
 * Makes the module that calls it a worker entry when it was started as one under this name.
 *
 * Imported on the main thread the call does nothing, so the same module also serves small jobs without a thread.
 */
export function serveWorker<Setup, Request, Reply, Note>(
  name: string,
  factory: HandlerFactory<Setup, Request, Reply, Note>,
): void {
  const data = workerData as { holdfastWorker?: string; setup: Setup } | null
  if (isMainThread || !parentPort || data?.holdfastWorker !== name) return
  const port = parentPort
  const send = (message: FromWorker<Reply, Note>, transfer: readonly Transferable[] = []): void =>
    port.postMessage(message, transfer as Transferable[])
  let handler: WorkerHandler<Request, Outgoing<Reply>> | undefined
  let failure: unknown
  try {
    handler = factory(data.setup, (note, transfer) => send({ type: 'note', note }, transfer))
  } catch (error) {
    // Told in answer to each request: a thread that dies could not say why.
    failure = error
  }

  // Requests are answered one after the other: a chain keeps the order although handlers may be asynchronous.
  let chain: Promise<void> = Promise.resolve()
  port.on('message', (message: ToWorker<Request>) => {
    chain = chain.then(async () => {
      if (message.type === 'close') {
        try {
          await handler?.close?.()
        } finally {
          send({ type: 'closed' })
          port.close()
        }
        return
      }
      try {
        if (!handler) throw failure
        const outgoing = await handler.handle(message.request)
        send({ type: 'reply', number: message.number, reply: outgoing.message }, outgoing.transfer)
      } catch (error) {
        send({ type: 'error', number: message.number, error: transferError(error) })
      }
    })
  })
}
