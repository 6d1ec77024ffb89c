import { z } from '@hono/zod-openapi'

import { openFileRange, type OpenedFile } from '../../operations/browse/read-file-range.ts'
import { escapeBytes } from '../../foundation/escape-bytes.ts'
import { addRoute, type ServerApp } from '../add-route.ts'
import { logDownload } from './archive-route.ts'
import { HttpError } from '../http-error.ts'
import type { ServerContext } from '../server-context.ts'
import { findSnapshot, snapshotParams } from './find-snapshot.ts'
import { pathBytes, pathQuery } from './path-text.ts'
import { readRange } from './read-range.ts'

/** Pictures that can hold no script; everything else is shown as text or not at all. */
const imageTypes: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  bmp: 'image/bmp',
}

/** The bytes of a file out of a snapshot, whole or in part. */
export function addFileRoute(app: ServerApp, server: ServerContext): void {
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/snapshots/{id}/file',
      tag: 'files',
      summary: 'The bytes of a file; Range is understood',
      params: snapshotParams,
      query: z.object({ ...pathQuery, download: z.enum(['0', '1']).optional() }),
      mediaType: 'application/octet-stream',
    },
    async ({ params, query, context }) => {
      const { repository, snapshot } = await findSnapshot(server, params.id)
      const path = pathBytes(query)
      const file = openFileRange(repository, snapshot, path)
      const range = readRange(context.req.header('range'), file.size)
      if (range === 'unsatisfiable') {
        throw new HttpError(
          416,
          'RANGE_REFUSED',
          `Cannot give that part: the file has ${file.size} bytes`,
          {
            headers: { 'content-range': `bytes */${file.size}` },
          },
        )
      }
      if (query.download === '1') {
        await logDownload(server, context, `${snapshot.backupId}:${escapeBytes(path)}`)
      }
      const { start, end } = range ?? { start: 0, end: file.size }
      const headers = {
        ...typeHeaders(file, query.download === '1'),
        'accept-ranges': 'bytes',
        'content-length': String(end - start),
        ...(range !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${file.size}` }),
      }
      context.env.limitStall(server.downloadStallMs)
      const body = context.req.method === 'HEAD' ? null : streamOf(file, start, end)
      return new Response(body, { status: range === undefined ? 200 : 206, headers })
    },
  )
}

function typeHeaders({ name }: OpenedFile, isDownload: boolean): Record<string, string> {
  const text = name.toString('utf8')
  const extension = text.slice(text.lastIndexOf('.') + 1).toLowerCase()
  if (!isDownload) {
    return {
      'content-type': imageTypes[extension] ?? 'text/plain; charset=utf-8',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      'content-disposition': 'inline',
    }
  }
  const plain = text.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_')
  const encoded = encodeURIComponent(text).replaceAll(/['()*]/g, percent)
  return {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`,
  }
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

/** At the pace of the reader, one chunk at a time; others are answered in between. */
function streamOf(file: OpenedFile, start: number, end: number): ReadableStream<Uint8Array> {
  const pieces = file.read(start, end)
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        await new Promise((resolve) => setImmediate(resolve))
        const next = pieces.next()
        if (next.done === true) controller.close()
        else controller.enqueue(next.value)
      },
      cancel() {
        pieces.return()
      },
    },
    { highWaterMark: 0 },
  )
}
