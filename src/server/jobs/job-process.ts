/* The entry of a process that does one job of the server and ends. */
import { loadConfig } from '../../config/load-config.ts'
import { HoldfastError, type RepositoryError } from '../../foundation/errors.ts'
import { escapeBytes } from '../../foundation/escape-bytes.ts'
import type { HoldfastEvent } from '../../foundation/progress-event.ts'
import { repositoryStatistics } from '../../operations/statistics/repository-statistics.ts'
import { openRepository } from '../../repository/open-repository.ts'
import type { Repository } from '../../repository/repository.ts'
import {
  addRequests,
  noRequests,
  storeRequestsOf,
  type StoreRequests,
} from '../../repository/store-requests.ts'
import type { JobEnd, JobProgress, JobResult, LockHolder } from './job.ts'
import type { FromJobProcess, JobStart, ToJobProcess } from './job-protocol.ts'
import { runJobRequest } from './run-job-request.ts'

const retryLockMs = 60_000
const progressIntervalMs = 250
const requestsIntervalMs = 5_000

const controller = new AbortController()

function interrupt(): void {
  controller.abort(
    new HoldfastError('INTERRUPTED', 'Cancelled', {
      remedy: 'Start it again; what was stored already is not stored twice',
    }),
  )
}

function send(message: FromJobProcess): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve()
    else process.send(message, undefined, {}, () => resolve())
  })
}

/** Ten thousand events a second are as good as four. */
function progressTeller(): (event: HoldfastEvent) => void {
  let message: string | null = null
  let last: JobProgress | undefined
  let sentAtMs = -Infinity
  return (event) => {
    if (event.type !== 'progress') {
      const path = event.path === undefined ? '' : `${escapeBytes(event.path)}: `
      message = `${path}${event.message}`.slice(0, 1000)
    }
    const isNewPhase = event.type === 'progress' && event.phase !== last?.phase
    last = event.type === 'progress' ? toProgress(event, message) : last && { ...last, message }
    const nowMs = performance.now()
    if (last === undefined || (!isNewPhase && nowMs - sentAtMs < progressIntervalMs)) return
    sentAtMs = nowMs
    void send({ type: 'change', change: { progress: last } })
  }
}

function toProgress(
  event: Extract<HoldfastEvent, { type: 'progress' }>,
  message: string | null,
): JobProgress {
  return {
    phase: event.phase,
    files_done: event.filesDone,
    files_total: event.filesTotal ?? null,
    bytes_done: event.bytesDone,
    bytes_total: event.bytesTotal ?? null,
    message,
  }
}

function tellHolder(refusal: RepositoryError | undefined): void {
  void send({ type: 'change', change: { waiting_for: refusal ? holderOf(refusal) : null } })
}

/** A lock that cannot be read names nobody. */
function holderOf({ message, facts }: RepositoryError): LockHolder {
  const { operation = '', pid = 0, hostname = '' } = facts
  return { operation: String(operation), pid: Number(pid), hostname: String(hostname), message }
}

/** Tells what stores are asked for, now and then: the process of a long job may be killed, and what it has asked for is paid all the same. */
function requestsTeller(repository: Repository): {
  noteRequests(other: Repository): Promise<void>
  stop(): Promise<void>
} {
  let others: StoreRequests | null = null
  const tell = async (): Promise<void> => {
    const own = await storeRequestsOf(repository)
    if (own === null && others === null) return
    const requests = addRequests(own ?? noRequests(), others ?? noRequests())
    await send({ type: 'requests', requests })
  }
  const timer = setInterval(() => void tell(), requestsIntervalMs)
  return {
    async noteRequests(other) {
      const requests = await storeRequestsOf(other)
      if (requests !== null) others = addRequests(others ?? noRequests(), requests)
    },
    async stop() {
      clearInterval(timer)
      await tell()
    },
  }
}

async function run(start: JobStart): Promise<JobResult> {
  const { location, cacheDirectory, storage, configFile, actor, request } = start
  const { masterSecret, slotId } = start
  const frees = request.kind === 'cleanup' || request.kind === 'prune' || request.kind === 'delete'
  const repository = await openRepository({
    location,
    cacheDirectory,
    storage,
    unlocked: { masterSecret: Buffer.from(masterSecret), slotId },
    retryLockMs,
    onLockWait: tellHolder,
    freesSpace: frees,
  })
  const requests = requestsTeller(repository)
  try {
    if (request.kind === 'statistics') {
      repositoryStatistics(repository)
      return {}
    }
    const configuration = configFile === undefined ? undefined : loadConfig(configFile)
    const onEvent = progressTeller()
    const { signal } = controller
    const { noteRequests } = requests
    return await runJobRequest(
      { repository, configuration, actor, signal, onEvent, noteRequests },
      request,
    )
  } finally {
    await requests.stop()
    await repository.close()
  }
}

async function end(start: JobStart): Promise<JobEnd> {
  try {
    return { state: 'done', result: await run(start) }
  } catch (thrown) {
    const { signal } = controller
    const error = signal.aborted ? signal.reason : thrown
    const { code, message, remedy } =
      error instanceof HoldfastError
        ? error
        : { code: 'INTERNAL', message: `Internal fault: ${String(thrown)}`, remedy: '' }
    const state = signal.aborted ? 'cancelled' : 'failed'
    return { state, error: { error: message, code, remedy } }
  }
}

process.on('message', (message: ToJobProcess) => {
  if (message.type === 'cancel') {
    interrupt()
    return
  }
  void end(message.start)
    .then((ended) => send({ type: 'end', end: ended }))
    // Nothing is left to wait for; should an operation have left something open, the server ends the process.
    .then(() => process.removeListener('disconnect', interrupt))
    .then(() => process.connected && process.disconnect())
})
process.on('SIGTERM', interrupt)
process.on('SIGINT', interrupt)
// The server is gone: nobody waits for the result, and nobody could cancel it any more.
process.on('disconnect', interrupt)
