import { putJob } from '../state/jobs.ts'
import { notify, notifyFailure } from '../state/notices.ts'
import { hrefTo } from '../state/address.ts'
import { requestJson } from './request.ts'
import type { Job } from '../../api/answers.ts'

export interface JobRequest extends Readonly<Record<string, unknown>> {
  readonly kind: string
}

/** @throws ApiError */
export async function startJob(body: JobRequest): Promise<Job> {
  const job = await requestJson<Job>('jobs', { method: 'POST', body })
  putJob(job)
  return job
}

/** Starts a job and says so, or says why not. */
export async function tryJob(body: JobRequest): Promise<Job | undefined> {
  try {
    const job = await startJob(body)
    notify('plain', `${job.title}: started`, hrefTo(['jobs', job.id]))
    return job
  } catch (error) {
    notifyFailure(error)
    return undefined
  }
}

export async function cancelJob(id: string): Promise<void> {
  try {
    putJob(await requestJson<Job>(`jobs/${encodeURIComponent(id)}/cancel`, { method: 'POST' }))
  } catch (error) {
    notifyFailure(error)
  }
}
