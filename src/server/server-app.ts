import { OpenAPIHono } from '@hono/zod-openapi'

import { programVersion } from '../foundation/program.ts'
import { addDocumentedRoutes } from './documented/documented-routes.ts'
import { addBrowseRoutes } from './api/browse-routes.ts'
import { addArchiveRoute } from './api/archive-route.ts'
import { addReportRoute } from './api/report-route.ts'
import { addFileRoute } from './api/file-route.ts'
import { addSpaceRoutes } from './api/space-routes.ts'
import { addMetrics, addSystemRoutes } from './api/system-routes.ts'
import { addJobRoutes } from './api/job-routes.ts'
import { addMonitoringRoutes } from './api/monitoring-routes.ts'
import { addSessionRoutes } from './api/session-routes.ts'
import { addSnapshotRoutes } from './api/snapshot-routes.ts'
import { jsonAnswer, type ServerApp } from './add-route.ts'
import { allowedMethods } from './allowed-methods.ts'
import { loadDashboardFiles, type DashboardFiles } from './dashboard-files.ts'
import { errorAnswer } from './error-answer.ts'
import { HttpError } from './http-error.ts'
import { readBody } from './read-body.ts'
import { secureHeaders } from './security/secure-headers.ts'
import type { ServerContext, ServerEnvironment } from './server-context.ts'

/** The longest target of a request; the longest path of a file is a quarter of it, each byte written as three. */
const targetLengthMax = 16 * 1024

/** Of a body that comes from somebody who is not known yet. */
const sessionBytesMax = 16 * 1024

/** Everything that the server answers. */
export function createServerApp(
  server: ServerContext,
  files: DashboardFiles = loadDashboardFiles(),
): ServerApp {
  const app: ServerApp = new OpenAPIHono<ServerEnvironment>({
    strict: true,
    defaultHook(result) {
      if (!result.success) throw invalidRequest(result.error.issues)
      return undefined
    },
  })
  app.onError((error, context) => answerError(server, error, context.req.path))
  app.use('*', async (context, next) => {
    await next()
    secureHeaders(context.res, server.isSecure)
    // A body that nobody will read would be made all the same, and some have no end.
    if (context.req.method === 'HEAD') await context.res.body?.cancel()
  })
  app.use('*', async (context, next) => {
    if (context.req.url.length > targetLengthMax) {
      throw new HttpError(
        414,
        'INVALID_REQUEST',
        'Cannot read the request: its address is too long',
      )
    }
    const { method } = context.req
    server.access.admit({
      method,
      headers: context.req.raw.headers,
      address: addressOf(context.env),
    })
    await next()
  })
  addPublicRoutes(app, server, files)
  app.use('*', async (context, next) => {
    const { method } = context.req
    const asked = { method, headers: context.req.raw.headers, address: addressOf(context.env) }
    context.set('identity', server.access.identify(asked))
    await next()
  })
  app.use('*', async (context, next) => {
    await readBody(context, server.settings.bodyBytesMax)
    await next()
  })
  addDocumentedRoutes(app, server)
  addSpaceRoutes(app, server)
  addSnapshotRoutes(app, server)
  addBrowseRoutes(app, server)
  addFileRoute(app, server)
  addArchiveRoute(app, server)
  addReportRoute(app, server)
  addSystemRoutes(app, server)
  addMetrics(app, server)
  addJobRoutes(app, server)
  addMonitoringRoutes(app, server)
  addDocument(app, server.access.cookieName)
  app.notFound((context) => answerMissing(app, server, context.req))
  return app
}

function addressOf(bindings: { readonly address?: string } | undefined): string {
  return bindings?.address ?? ''
}

/** What is answered without a token: the page that asks for one, and whether anybody is there. */
function addPublicRoutes(app: ServerApp, server: ServerContext, files: DashboardFiles): void {
  app.get('/healthz', (context) => context.text('ok\n'))
  if (server.settings.isMetricsPublic) addMetrics(app, server)
  app.get('*', async (context, next) => {
    const file = files.answer(context.req.path, context.req.raw.headers)
    if (file === undefined) return await next()
    return file
  })
  app.use('/api/v1/session', async (context, next) => {
    await readBody(context, sessionBytesMax)
    await next()
  })
  addSessionRoutes(app, server)
}

/** The document of the interface, made from the schemas that check requests; once, when it is asked for first. */
function addDocument(app: ServerApp, cookieName: string): void {
  const { openAPIRegistry: registry } = app
  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' })
  registry.registerComponent('securitySchemes', 'basic', { type: 'http', scheme: 'basic' })
  registry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: cookieName,
  })
  let text: string | undefined
  app.get('/api/v1/openapi.json', () => {
    text ??= JSON.stringify(
      app.getOpenAPI31Document({
        openapi: '3.1.0',
        info: { title: 'Holdfast', version: programVersion },
      }),
    )
    return jsonAnswer(text)
  })
}

function invalidRequest(issues: readonly { path: PropertyKey[]; message: string }[]): HttpError {
  const told = issues
    .slice(0, 5)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
  return new HttpError(400, 'INVALID_REQUEST', `Cannot use the request: ${told.join('; ')}`, {
    remedy: 'See /api/v1/openapi.json for what is allowed',
  })
}

function answerMissing(
  app: ServerApp,
  server: ServerContext,
  { method, path }: { readonly method: string; readonly path: string },
): Response {
  const methods = allowedMethods(app.routes, path)
  if (methods.length === 0) {
    return answerError(
      server,
      new HttpError(404, 'NOT_FOUND', 'Cannot find what is asked for: there is no such endpoint', {
        remedy: 'See /api/v1/openapi.json for what there is',
      }),
      path,
    )
  }
  const allow = methods.join(', ')
  if (method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } })
  const error = new HttpError(405, 'METHOD_NOT_ALLOWED', `Cannot use ${method} here`, {
    remedy: `Use ${allow}`,
    headers: { allow },
  })
  return answerError(server, error, path)
}

function answerError(server: ServerContext, error: unknown, path: string): Response {
  const known = asKnown(error)
  const { status, headers, body } = errorAnswer(known)
  if (status === 500) server.log.error({ err: known, path }, 'A request failed')
  const challenge = status === 401 ? { 'www-authenticate': challengeFor(path) } : {}
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...challenge, ...headers },
  })
}

/** Hono's own errors are about what a client sent, such as a body that is no JSON. */
function asKnown(error: unknown): unknown {
  const status = (error as { status?: unknown } | null)?.status
  if (error instanceof HttpError || typeof status !== 'number' || status >= 500) return error
  const code = status === 413 ? 'BODY_TOO_LARGE' : 'INVALID_REQUEST'
  return new HttpError(status, code, `Cannot use the request: ${(error as Error).message}`)
}

/** Clients of the documented endpoints wait to be asked for a password; a browser would ask its user, where the page does it better. */
function challengeFor(path: string): string {
  return path.startsWith('/api/')
    ? 'Bearer realm="holdfast"'
    : 'Basic realm="holdfast", charset="UTF-8"'
}
