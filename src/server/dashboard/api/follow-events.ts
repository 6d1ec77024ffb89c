import { connection } from '../state/connection.ts'
import { putJob, replaceJobs } from '../state/jobs.ts'
import { notify } from '../state/notices.ts'
import { noteChange } from '../state/resource.ts'
import { hrefTo } from '../state/address.ts'
import { EventReader, type StreamEvent } from './event-reader.ts'
import { requestJson, requestRaw } from './request.ts'
import type { Job, Page } from '../../api/answers.ts'

const delaysMs = [500, 1000, 2000, 4000, 8000, 15_000]

/** Follows jobs and alerts until the signal says stop; a connection that is lost is made again. */
export async function followEvents(signal: AbortSignal): Promise<void> {
  let failures = 0
  while (!signal.aborted) {
    try {
      const response = await requestRaw('events', { signal })
      if (failures > 0) noteChange()
      failures = 0
      replaceJobs((await requestJson<Page<Job>>('jobs', { query: { limit: 200 }, signal })).items)
      await readEvents(response)
    } catch {
      if (signal.aborted) return
    }
    failures++
    if (failures > 1) connection.value = 'lost'
    await sleep(delaysMs[Math.min(failures, delaysMs.length) - 1], signal)
  }
}

async function readEvents(response: Response): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (reader === undefined) return
  const events = new EventReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    for (const event of events.read(value)) take(event)
  }
}

function take({ event, data }: StreamEvent): void {
  if (event === 'job') takeJob(JSON.parse(data) as Job)
  else if (event === 'alert') noteChange()
}

function takeJob(job: Job): void {
  if (!putJob(job)) return
  // A dry run changes nothing, and who asked for it looks at it.
  if (job.result?.['dry_run'] === true) return
  noteChange()
  const href = hrefTo(['jobs', job.id])
  if (job.state === 'done') notify('good', `${job.title}: done`, href)
  if (job.state === 'failed') notify('bad', `${job.title}: failed`, href)
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(finish, ms)
    signal.addEventListener('abort', finish)
    addEventListener('online', finish)
    function finish(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      removeEventListener('online', finish)
      resolve()
    }
  })
}
