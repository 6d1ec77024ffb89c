import { z } from '@hono/zod-openapi'

import { addRoute, type RequestContext, type ServerApp } from '../add-route.ts'
import type { Identity } from '../security/credentials.ts'
import type { ServerContext } from '../server-context.ts'
import { sessionSchema } from './answer-schemas.ts'
import type * as answers from './answers.ts'

/** The page gives the token once and gets a cookie that no script can read. */
export function addSessionRoutes(app: ServerApp, server: ServerContext): void {
  const { access } = server
  const path = '/api/v1/session'
  addRoute(
    app,
    { method: 'get', path, tag: 'session', summary: 'Who asks', answer: sessionSchema },
    ({ context }) => {
      const { method, raw } = context.req
      const { address } = context.env
      return sessionJson(access.identify({ method, headers: raw.headers, address }))
    },
  )
  addRoute(
    app,
    {
      method: 'post',
      path,
      tag: 'session',
      summary: 'Open a session with a token',
      body: z.object({ token: z.string().min(1).max(4096) }),
      answer: sessionSchema,
    },
    ({ body, context }) => {
      const identity = access.byToken(body.token, context.env.address)
      setCookie(context, server, access.sessions.open(identity))
      return context.json(sessionJson(identity))
    },
  )
  addRoute(
    app,
    { method: 'delete', path, tag: 'session', summary: 'End the session', status: 204 },
    ({ context }) => {
      const value = access.cookieOf(context.req.raw.headers)
      if (value !== undefined) access.sessions.close(value)
      setCookie(context, server, undefined)
      return context.body(null, 204)
    },
  )
}

function sessionJson({ name, canWrite }: Identity): answers.Session {
  return { can_write: canWrite, name }
}

function setCookie(
  context: RequestContext,
  { access, isSecure }: ServerContext,
  value: string | undefined,
): void {
  const parts = [`${access.cookieName}=${value ?? ''}`, 'Path=/', 'HttpOnly', 'SameSite=Strict']
  if (isSecure) parts.push('Secure')
  if (value === undefined) parts.push('Max-Age=0')
  context.header('set-cookie', parts.join('; '))
}
