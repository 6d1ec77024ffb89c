import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'

import type { JobError } from './api/answers.ts'
import type { ServerEnvironment } from './server-context.ts'

export type ServerApp = OpenAPIHono<ServerEnvironment>
export type RequestContext = Context<ServerEnvironment>
type Fields = z.ZodObject

/** One endpoint: its schemas check what comes in and make the document of the interface. */
export interface RouteDefinition<
  Query extends Fields,
  Params extends Fields,
  Body extends z.ZodType,
> {
  readonly method: 'get' | 'post' | 'delete'
  /** With `{name}` for parameters. */
  readonly path: string
  readonly summary: string
  readonly tag: string
  readonly query?: Query
  readonly params?: Params
  readonly body?: Body
  /** Of a success; without it, what the answer's type says. */
  readonly answer?: z.ZodType
  readonly status?: 200 | 202 | 204
  /** When it is not JSON. */
  readonly mediaType?: string
}

export interface RouteInput<Query extends Fields, Params extends Fields, Body extends z.ZodType> {
  readonly query: z.output<Query>
  readonly params: z.output<Params>
  readonly body: z.output<Body>
  readonly context: RequestContext
}

export const errorSchema: z.ZodType<JobError> = z
  .object({ error: z.string(), code: z.string(), remedy: z.string() })
  .openapi('Error')

/** @param handle gives the answer as plain data, or a whole response */
export function addRoute<
  Query extends Fields = Fields,
  Params extends Fields = Fields,
  Body extends z.ZodType = z.ZodType,
>(
  app: ServerApp,
  definition: RouteDefinition<Query, Params, Body>,
  handle: (input: RouteInput<Query, Params, Body>) => unknown,
): void {
  const { status = 200 } = definition
  const handler = async (context: RequestContext): Promise<Response> => {
    const valid = context.req as unknown as { valid(part: string): unknown }
    const answer = await handle({
      query: definition.query === undefined ? {} : valid.valid('query'),
      params: definition.params === undefined ? {} : valid.valid('param'),
      body: definition.body === undefined ? undefined : valid.valid('json'),
      context,
    } as RouteInput<Query, Params, Body>)
    return answer instanceof Response ? answer : jsonAnswer(JSON.stringify(answer), status)
  }
  app.openapi(routeOf(definition), handler as never)
}

export function jsonAnswer(text: string, status = 200): Response {
  return new Response(status === 204 ? null : text, {
    status,
    headers: { 'content-type': 'application/json' },
  })
}

function routeOf<Query extends Fields, Params extends Fields, Body extends z.ZodType>(
  definition: RouteDefinition<Query, Params, Body>,
) {
  const { method, path, summary, tag, query, params, body, answer, status = 200 } = definition
  const { mediaType = 'application/json' } = definition
  const content = status === 204 ? {} : { content: { [mediaType]: { schema: answer ?? z.any() } } }
  return createRoute({
    method,
    path,
    summary,
    tags: [tag],
    security: [{ bearer: [] }, { basic: [] }, { session: [] }],
    request: {
      ...(query !== undefined && { query }),
      ...(params !== undefined && { params }),
      ...(body !== undefined && {
        body: { content: { 'application/json': { schema: body } }, required: true },
      }),
    },
    responses: {
      [status]: { description: 'Done', ...content },
      default: {
        description: 'What went wrong',
        content: { 'application/json': { schema: errorSchema } },
      },
    },
  })
}
