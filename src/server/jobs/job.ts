import type { Actor } from '../../model/actor.ts'
import type * as answers from '../api/answers.ts'
import type { JobRequest } from './job-request.ts'

export const jobStates = ['queued', 'running', 'done', 'failed', 'cancelled'] as const
export type JobState = (typeof jobStates)[number]

export type JobProgress = answers.JobProgress
export type JobError = answers.JobError
export type LockHolder = answers.LockHolder

/** What of a job changes while it runs. */
export type JobChange =
  | { readonly progress: JobProgress }
  | { readonly waiting_for: LockHolder | null }

/** What a job did, ready for JSON. */
export type JobResult = Readonly<Record<string, unknown>>

/** A job as clients see it. */
export interface JobJson extends answers.Job {
  readonly kind: JobRequest['kind']
}

/** How a job ended. */
export type JobEnd =
  | { readonly state: 'done'; readonly result: JobResult }
  | { readonly state: 'failed' | 'cancelled'; readonly error: JobError }

export interface JobOrder<Request = JobRequest> {
  readonly request: Request
  readonly actor: Actor
}
