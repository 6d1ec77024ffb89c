/** A worker that does what it is told (test/unit/workers/worker-pool.test.ts). */
import { writeFileSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import {
  DamageError,
  HoldfastError,
  RepositoryError,
  SourceError,
} from '../../../src/foundation/errors.ts'
import { serveWorker } from '../../../src/workers/serve-worker.ts'
import type { HandlerFactory } from '../../../src/workers/worker-protocol.ts'

export const echoName = 'echo worker'
export const echoUrl: string = import.meta.url

export interface EchoSetup {
  readonly prefix: string
  /** Makes the factory itself fail. */
  readonly isBroken?: boolean
  /** Written when the worker is closed. */
  readonly closedFile?: string
}

export type EchoRequest =
  | { readonly do: 'echo'; readonly text: string; readonly waitMs?: number }
  | { readonly do: 'note'; readonly text: string }
  | { readonly do: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly do: 'fail'
      readonly how: 'damage' | 'repository' | 'source' | 'holdfast' | 'plain' | 'text'
    }
  | { readonly do: 'die'; readonly how: 'exit' | 'throw' | 'reject' }

export interface EchoReply {
  readonly text: string
  readonly thread: number
  readonly bytes: Uint8Array<ArrayBuffer>
}

const errors = {
  damage: () => new DamageError('damaged', { facts: { offset: 5 } }),
  repository: () =>
    new RepositoryError('STORAGE_FULL', 'full', {
      remedy: 'free space',
      cause: new Error('ENOSPC'),
    }),
  source: () => new SourceError('unreadable'),
  holdfast: () => new HoldfastError('USAGE', 'usage'),
  plain: () => new TypeError('a mistake'),
  // oxlint-disable-next-line unicorn/prefer-type-error -- thrown as it is, to see what becomes of it
  text: () => 'no error at all',
} as const

export const createEchoWorker: HandlerFactory<EchoSetup, EchoRequest, EchoReply, string> = (
  setup,
  emit,
) => {
  if (setup.isBroken === true) throw new RepositoryError('CATALOGUE_FAILED', 'no catalogue')
  return {
    async handle(request) {
      const none = new Uint8Array(0)
      switch (request.do) {
        case 'echo':
          await new Promise((resolve) => setTimeout(resolve, request.waitMs ?? 0))
          return { message: { text: setup.prefix + request.text, thread: threadId, bytes: none } }
        case 'note':
          emit(request.text)
          return { message: { text: '', thread: threadId, bytes: none } }
        case 'bytes':
          return {
            message: { text: '', thread: threadId, bytes: request.bytes.map((byte) => byte ^ 255) },
          }
        case 'fail':
          // oxlint-disable-next-line typescript/only-throw-error
          throw errors[request.how]()
        case 'die':
        default:
          return await die(request.how)
      }
    },
    close() {
      if (setup.closedFile !== undefined) writeFileSync(setup.closedFile, 'closed')
    },
  }
}

function die(how: 'exit' | 'throw' | 'reject'): Promise<never> {
  if (how === 'exit') process.exit(7)
  if (how === 'throw') {
    setTimeout(() => {
      throw new Error('out of the blue')
    }, 0)
  } else void Promise.reject(new Error('unheard'))
  return new Promise(() => undefined)
}

serveWorker(echoName, createEchoWorker)
