import { z } from '@hono/zod-openapi'

import { addRoute, jsonAnswer, type ServerApp } from '../add-route.ts'
import { HttpError } from '../http-error.ts'
import { otherNamed } from '../../service/copy-between.ts'
import { finishJob } from '../jobs/finish-job.ts'
import { actorOf } from '../jobs/actor-of.ts'
import type { JobJson } from '../jobs/job.ts'
import { jobRequest } from '../jobs/job-request.ts'
import { checkRestoreTarget } from '../security/restore-target.ts'
import type { ServerContext } from '../server-context.ts'
import { jobSchema, removalSchema } from './answer-schemas.ts'
import { eventStream } from './event-stream.ts'
import { findSnapshot, snapshotParams } from './find-snapshot.ts'
import { pageOf, pageQuery, pageSchema } from './pages.ts'

const tag = 'jobs'
const jobParams = z.object({ id: z.string().regex(/^job_[0-9a-f]{16}$/, 'not the id of a job') })

export function addJobRoutes(app: ServerApp, server: ServerContext): void {
  const { jobs } = server
  addRoute(
    app,
    {
      method: 'post',
      path: '/api/v1/jobs',
      tag,
      summary: 'Start a job',
      body: jobRequest,
      answer: jobSchema,
      status: 202,
    },
    async ({ body, context }) => {
      // Told at once rather than by a job that fails.
      if (body.kind === 'restore') {
        const { snapshot } = await findSnapshot(server, body.snapshot)
        checkRestoreTarget(server.configuration, snapshot, body.target)
      } else if (body.kind === 'copy') {
        otherNamed({ configuration: server.configuration }, body.to ?? body.from ?? '')
      } else if ('snapshot' in body && body.snapshot !== undefined && body.kind !== 'undelete') {
        await findSnapshot(server, body.snapshot)
      }
      return jobs.submit(body, actorOf(context))
    },
  )
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/jobs',
      tag,
      summary: 'Jobs, newest first',
      query: z.object(pageQuery),
      answer: pageSchema(jobSchema),
    },
    ({ query }) => pageOf(jobs.list(), query),
  )
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/jobs/{id}',
      tag,
      summary: 'One job',
      params: jobParams,
      answer: jobSchema,
    },
    ({ params }) => found(jobs.find(params.id)),
  )
  addRoute(
    app,
    {
      method: 'post',
      path: '/api/v1/jobs/{id}/cancel',
      tag,
      summary: 'Cancel a job',
      params: jobParams,
      answer: jobSchema,
    },
    ({ params }) => found(jobs.cancel(params.id)),
  )
  addEvents(app, server)
  addSnapshotJobs(app, server)
}

function addEvents(app: ServerApp, server: ServerContext): void {
  const mediaType = 'text/event-stream'
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/events',
      tag,
      summary: 'Jobs and alerts as they change',
      mediaType,
    },
    ({ context }) => eventStream(server, context, undefined),
  )
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/jobs/{id}/events',
      tag,
      summary: 'One job as it changes',
      params: jobParams,
      mediaType,
    },
    ({ params, context }) => eventStream(server, context, found(server.jobs.find(params.id)).id),
  )
}

/** Short ones, that are waited for. */
function addSnapshotJobs(app: ServerApp, server: ServerContext): void {
  for (const [method, path, kind, summary] of [
    ['delete', '/api/v1/snapshots/{id}', 'delete', 'Delete a snapshot'],
    ['post', '/api/v1/snapshots/{id}/undelete', 'undelete', 'Bring a deleted snapshot back'],
  ] as const) {
    addRoute(
      app,
      { method, path, tag: 'snapshots', summary, params: snapshotParams, answer: removalSchema },
      async ({ params, context }) => {
        return jsonAnswer(
          JSON.stringify(await finishJob(server, context, { kind, snapshot: params.id })),
        )
      },
    )
  }
}

function found(job: JobJson | undefined): JobJson {
  if (job !== undefined) return job
  throw new HttpError(404, 'NOT_FOUND', 'Cannot find the job: it is not known, or ended long ago')
}
