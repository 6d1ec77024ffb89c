import type { RequestContext } from '../add-route.ts'
import { HttpError } from '../http-error.ts'
import type { ServerContext } from '../server-context.ts'

const heartbeatMs = 15_000
/** Browsers ask again after so long when the connection was lost. */
const retryMs = 2_000

/**
 * Events as they come, as text of `text/event-stream`. For each thing that changes only its newest state waits for a client that is slow, so
 * what waits is never more than there are jobs.
 *
 * @param jobId only of this job, and to its end; undefined for everything
 */
export function eventStream(
  server: ServerContext,
  { req }: RequestContext,
  jobId: string | undefined,
): Response {
  const { events } = server
  if (events.isFull) {
    throw new HttpError(503, 'TOO_MANY_CONNECTIONS', 'Cannot follow events: too many do', {
      headers: { 'retry-after': '30' },
    })
  }
  const lastId = Number(req.header('last-event-id') ?? Number.NaN)
  const waiting = new Map<string, string>()
  const encoder = new TextEncoder()
  let wake: (() => void) | undefined
  let stop = (): void => undefined
  const take = (event: { key: string; id: number; event: string; data: unknown }): void => {
    if (jobId !== undefined && event.key !== jobId) return
    // Behind what others wait for already, but never twice.
    waiting.delete(event.key)
    waiting.set(
      event.key,
      `id: ${event.id}\nevent: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`,
    )
    wake?.()
  }
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        for (const event of events.since(Number.isSafeInteger(lastId) ? lastId : undefined))
          take(event)
        const unlisten = events.listen(take)
        const timer = setInterval(() => {
          if (waiting.size === 0) waiting.set('heartbeat', ': still here\n\n')
          wake?.()
        }, heartbeatMs)
        stop = () => {
          clearInterval(timer)
          unlisten()
          server.streams.delete(stop)
          wake?.()
          try {
            controller.close()
          } catch {
            // Closed from the other side.
          }
        }
        server.streams.add(stop)
        controller.enqueue(encoder.encode(`retry: ${retryMs}\n\n`))
      },
      async pull(controller) {
        if (waiting.size === 0) await new Promise<void>((resolve) => (wake = resolve))
        wake = undefined
        const text = [...waiting.values()].join('')
        waiting.clear()
        if (text !== '' && server.streams.has(stop)) controller.enqueue(encoder.encode(text))
      },
      cancel: () => stop(),
    },
    { highWaterMark: 1 },
  )
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
  })
}
