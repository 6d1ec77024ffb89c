import type { Transferable } from 'node:worker_threads'
import type { TransferredError } from '../foundation/error-transfer.ts'

/** What a worker can do: answer requests, in the order in which they come. */
export interface WorkerHandler<Request, Reply> {
  handle(request: Request): Reply | Promise<Reply>
  /** Called once after the last request, also when the run is given up. */
  close?(): void | Promise<void>
}

/** Ships a reply's buffers instead of copying them. */
export interface Outgoing<T> {
  readonly message: T
  readonly transfer?: readonly Transferable[]
}

export type HandlerFactory<Setup, Request, Reply, Note> = (
  setup: Setup,
  /** Sends something to the owner that is not the reply to a request. */
  emit: (note: Note, transfer?: readonly Transferable[]) => void,
) => WorkerHandler<Request, Outgoing<Reply>>

export type ToWorker<Request> =
  | { readonly type: 'request'; readonly number: number; readonly request: Request }
  | { readonly type: 'close' }

export type FromWorker<Reply, Note> =
  | { readonly type: 'reply'; readonly number: number; readonly reply: Reply }
  | { readonly type: 'error'; readonly number: number; readonly error: TransferredError }
  | { readonly type: 'note'; readonly note: Note }
  | { readonly type: 'closed' }
