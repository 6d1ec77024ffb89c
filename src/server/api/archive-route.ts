import { z } from '@hono/zod-openapi'

import { selectedPaths, streamArchive } from '../../operations/export/stream-archive.ts'
import { logAccess } from '../../service/access-log.ts'
import { addRoute, type RequestContext, type ServerApp } from '../add-route.ts'
import { actorOf } from '../jobs/actor-of.ts'
import type { ServerContext } from '../server-context.ts'
import { findSnapshot, snapshotParams, type FoundSnapshot } from './find-snapshot.ts'
import { pathBytes, pathQuery } from './path-text.ts'

/**
 * A selection of a snapshot as tar.gz, made while it is sent: by GET one path or everything, which read-only tokens may ask for as they may read each
 * file; by POST as many paths as fit a body.
 */
export function addArchiveRoute(app: ServerApp, server: ServerContext): void {
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/snapshots/{id}/archive',
      tag: 'files',
      summary: 'A file or folder as tar.gz; everything without a path',
      params: snapshotParams,
      query: z.object(pathQuery),
      mediaType: 'application/gzip',
    },
    async ({ params, query, context }) => {
      const hasPath = query.path !== undefined || query.path_base64 !== undefined
      return await archive(server, context, params.id, hasPath ? [pathBytes(query)] : [])
    },
  )
  addRoute(
    app,
    {
      method: 'post',
      path: '/api/v1/snapshots/{id}/archive',
      tag: 'files',
      summary: 'A selection as tar.gz; everything without paths',
      params: snapshotParams,
      body: z.object({
        paths: z.array(z.string().min(1).max(16_384)).max(10_000).optional(),
        paths_base64: z.array(z.string().min(1).max(32_768)).max(1_000).optional(),
      }),
      mediaType: 'application/gzip',
    },
    async ({ params, body, context }) => {
      const paths = [
        ...(body.paths ?? []).map((path) => pathBytes({ path })),
        ...(body.paths_base64 ?? []).map((path_base64) => pathBytes({ path_base64 })),
      ]
      return await archive(server, context, params.id, paths)
    },
  )
}

async function archive(
  server: ServerContext,
  context: RequestContext,
  id: string,
  paths: readonly Buffer[],
): Promise<Response> {
  const found = await findSnapshot(server, id)
  // What is missing is told before the answer begins.
  selectedPaths(found.repository, { snapshot: found.snapshot, paths })
  await logDownload(server, context, `${found.snapshot.backupId}: ${paths.length} paths`)
  context.env.limitStall(server.downloadStallMs)
  return new Response(archiveStream(found, paths), {
    headers: {
      'content-type': 'application/gzip',
      'content-disposition': `attachment; filename="${found.snapshot.backupId}.tar.gz"`,
    },
  })
}

/** Files that leave are on record like exports. */
export async function logDownload(
  { held, configuration, log }: ServerContext,
  context: RequestContext,
  target: string,
): Promise<void> {
  await logAccess(
    {
      repository: held.handle,
      configuration,
      actor: actorOf(context),
      signal: new AbortController().signal,
      onEvent: (event) => {
        if (event.type === 'notice') log.warn({}, event.message)
      },
    },
    { action: 'download', target, result: 'ok', message: '' },
  )
}

/** At the pace of the reader: the next piece is made when there is room for it. */
function archiveStream(
  { repository, snapshot }: FoundSnapshot,
  paths: readonly Buffer[],
): ReadableStream<Uint8Array> {
  const controller = new AbortController()
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  // The reader went away.
  writer.closed.catch(() => controller.abort())
  void streamArchive(
    repository,
    { snapshot, paths },
    {
      signal: controller.signal,
      async onBytes(bytes) {
        await writer.ready
        await writer.write(Uint8Array.from(bytes))
      },
    },
  )
    .then(
      () => writer.close(),
      (error: unknown) => writer.abort(error),
    )
    .catch(() => undefined)
  return readable
}
