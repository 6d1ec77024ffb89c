import type { RequestContext } from '../add-route.ts'
import { HttpError } from '../http-error.ts'
import type { ServerContext } from '../server-context.ts'
import { EventFollower } from './event-follower.ts'

/**
 * Events as they come, as text of `text/event-stream`, at the pace of the follower. One that is too slow is cut off; when it comes back it is told
 * what it missed.
 *
 * @param jobId only of this job, and to its end; undefined for everything, without end
 * @throws {HttpError} 503 when too many follow
 */
export function eventStream(
  server: ServerContext,
  { req, env }: RequestContext,
  jobId: string | undefined,
): Response {
  const { events } = server
  if (events.isFull) {
    throw new HttpError(503, 'TOO_MANY_CONNECTIONS', 'Cannot follow events: too many do', {
      headers: { 'retry-after': '30' },
      remedy: 'Try again later, or ask for /api/v1/jobs now and then',
    })
  }
  const follower = new EventFollower(server, jobId, env.hangUp)
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => follower.start(controller, req.header('last-event-id')),
      pull: () => follower.pull(),
      cancel: () => follower.stop(),
    },
    { highWaterMark: 1 },
  )
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
  })
}
