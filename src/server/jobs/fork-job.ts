import { fork, type ChildProcess } from 'node:child_process'
import { basename, dirname } from 'node:path'

import type { Configuration } from '../../config/load-config.ts'
import { builtFile } from '../../foundation/installed-files.ts'
import { chosenStorageSettings } from '../../repository/open-chosen-storage.ts'
import type { Repository } from '../../repository/repository.ts'
import type { StoreRequests } from '../../repository/store-requests.ts'
import type { JobChange, JobEnd, JobOrder } from './job.ts'
import type { FromJobProcess, JobStart, ToJobProcess } from './job-protocol.ts'
import type { JobRunner } from './jobs.ts'
import type { ToldRequests } from './told-requests.ts'

/** How long a process may take to end after it was asked to, and after it has told how it ended. */
const patienceMs = 60_000
const endingMs = 5_000

/**
 * Runs each job in a process of its own: what it computes does not hold up requests, what it takes of memory is given back, and when it dies
 * the server lives (docs/decisions/0012).
 */
export function forkJobs(
  repository: Repository,
  configuration: Configuration | undefined,
  told: ToldRequests,
): JobRunner<JobStart['request']> {
  return (order, signal, onChange) =>
    follow(forkProcess(), startOf(repository, configuration, order), {
      signal,
      onChange,
      onRequests: told.follow(),
    })
}

function forkProcess(): ChildProcess {
  return fork(builtFile('server/jobs/job-process.js'), [], {
    serialization: 'advanced',
    // Nothing of it is for the terminal, and signals of the terminal are for the server, which passes them on.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    detached: true,
    execArgv: [],
  })
}

function startOf(
  repository: Repository,
  configuration: Configuration | undefined,
  { request, actor }: JobOrder<JobStart['request']>,
): JobStart {
  const { location, masterSecret, slotId, context } = repository
  const folder = dirname(context.cataloguePath)
  const isBeside = folder === location
  return {
    location,
    cacheDirectory: isBeside || basename(folder) === '' ? undefined : dirname(folder),
    storage: chosenStorageSettings(repository),
    masterSecret: Uint8Array.from(masterSecret),
    slotId,
    configFile: configuration?.file,
    actor,
    request,
  }
}

interface Following {
  readonly signal: AbortSignal
  readonly onChange: (change: JobChange) => void
  readonly onRequests: (requests: StoreRequests) => void
}

function follow(
  child: ChildProcess,
  start: JobStart,
  { signal, onChange, onRequests }: Following,
): Promise<JobEnd> {
  return new Promise((resolve) => {
    let told: JobEnd | undefined
    let timer: NodeJS.Timeout | undefined
    const send = (message: ToJobProcess): void => {
      if (child.connected) child.send(message, () => undefined)
    }
    const cancel = (): void => {
      send({ type: 'cancel' })
      timer ??= setTimeout(() => child.kill('SIGKILL'), patienceMs)
    }
    const finish = (how: string): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', cancel)
      resolve(told ?? lost(how, signal.aborted))
    }
    child.on('message', (message: FromJobProcess) => {
      if (message.type === 'change') onChange(message.change)
      else if (message.type === 'requests') onRequests(message.requests)
      else {
        told = message.end
        clearTimeout(timer)
        timer = setTimeout(() => child.kill('SIGKILL'), endingMs)
      }
    })
    child.once('error', (error) => finish(error.message))
    child.once('exit', (status, killedBy) => finish(killedBy ?? `status ${status}`))
    signal.addEventListener('abort', cancel)
    send({ type: 'start', start })
    if (signal.aborted) cancel()
  })
}

function lost(how: string, isCancelled: boolean): JobEnd {
  if (isCancelled) {
    return {
      state: 'cancelled',
      error: { error: `Cancelled; its process ended by ${how}`, code: 'INTERRUPTED', remedy: '' },
    }
  }
  return {
    state: 'failed',
    error: {
      error: `The process of the job ended by ${how}`,
      code: 'WORKER_FAILED',
      remedy: 'Start it again; what was stored already is not stored twice',
    },
  }
}
