import type { RequestContext } from '../add-route.ts'
import { statusOfCode } from '../error-answer.ts'
import { HttpError, type HttpErrorCode } from '../http-error.ts'
import type { ServerContext } from '../server-context.ts'
import { actorOf } from './actor-of.ts'
import type { JobResult } from './job.ts'
import type { JobRequest } from './job-request.ts'

/**
 * Starts a job and waits until it is done: the answer of endpoints that block. The job goes on when the client has gone away.
 *
 * @throws {HttpError} with what went wrong
 */
export async function finishJob(
  { jobs }: ServerContext,
  context: RequestContext,
  request: JobRequest,
): Promise<JobResult> {
  const { id } = jobs.submit(request, actorOf(context))
  const end = await jobs.wait(id)
  if (end.state === 'done') return end.result
  const { error, code, remedy } = end.error
  throw new HttpError(statusOfCode(code), code as HttpErrorCode, error, { remedy })
}
