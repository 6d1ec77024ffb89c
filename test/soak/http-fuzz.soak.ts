import { request } from 'node:http'
import { join } from 'node:path'
import { mkdirSync, writeFileSync } from 'node:fs'

import { loadConfig } from '../../src/config/load-config.ts'
import { snapshot } from '../../src/operations/snapshot/snapshot.ts'
import { initRepository } from '../../src/repository/init-repository.ts'
import { openRepository } from '../../src/repository/open-repository.ts'
import { runServer } from '../../src/server/run-server.ts'
import {
  RequestMutator,
  type Endpoint,
  type RawRequest,
} from '../support/fuzz-http/mutate-request.ts'
import type { Soak } from './frame/soak.ts'

const token = 'fuzz-token-0123456789'
/** Jobs that are really done; each takes a process. All others are refused as on a busy machine. */
const jobsMax = 25
const timeoutMs = 60_000

/** Mutated requests against every endpoint of a real server over a real socket. */
export const soak: Soak = {
  proves:
    'whatever method, path, headers and body come: no crash, no answer 500, no answer that takes longer than a minute, nothing but the page and\n' +
    '/healthz without the token, and the server answers as before afterwards',
  takes: 'about 2 min',
  unit: 'requests',
  countDefault: 10_000,
  async run(context) {
    const project = join(context.folder, 'project')
    mkdirSync(join(project, 'data'), { recursive: true })
    writeFileSync(join(project, 'data/file.txt'), 'content')
    writeFileSync(
      join(project, 'config.yml'),
      'repository: ./repo\napi: { backup: { paths: { index: data/ } } }\nholdfast: { server: { requests_per_minute: 100000000 } }\n',
    )
    const location = join(project, 'repo')
    await initRepository({ location })
    const repository = await openRepository({ location })
    const made = await snapshot(repository, { paths: [join(project, 'data')], base: project })
    const { id = '', backupId = '' } = made.snapshot ?? {}
    let jobs = 0
    const server = await runServer({
      repository,
      configuration: loadConfig(join(project, 'config.yml')),
      tokens: { full: token },
      port: 0,
      allowsInsecureHttp: false,
      writeLog: (line) => {
        if (line.includes('"level":50')) context.violation(line.slice(0, 2000))
      },
      logsRequests: false,
      failedLoginsPerMinute: 1e9,
      mayRunJob: () => ++jobs <= jobsMax,
    })
    const { port } = server
    const statuses = new Map<number, number>()
    let done = 0
    try {
      const mutator = new RequestMutator(context.random, await endpointsOf(port), token, [
        id,
        id.slice(0, 8),
        backupId,
      ])
      const worker = async (): Promise<void> => {
        while (done < context.count && !context.isOver()) {
          done++
          context.progress(done)
          const asked = mutator.next()
          const status = await send(port, asked)
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
          const said =
            `${asked.method} ${asked.target} ${JSON.stringify(asked.headers)} ${asked.body}`.slice(
              0,
              1500,
            )
          if (status === 500) context.violation(`500: ${said}`)
          if (status === -1) context.violation(`no answer: ${said}`)
          const path = asked.target.split(/[?#]/)[0]
          const isPublic =
            path === '/' ||
            path === '/healthz' ||
            path.startsWith('/assets/') ||
            path === '/index.html' ||
            path.startsWith('/api/v1/session')
          if (!asked.isKnown && status >= 200 && status < 400 && !isPublic)
            context.violation(`${status} without a token: ${said}`)
        }
      }
      await Promise.all(Array.from({ length: 8 }, worker))
      const healthy = await send(port, {
        method: 'GET',
        target: '/admin/backup/list',
        headers: { authorization: `Bearer ${token}` },
        body: '',
        isKnown: true,
      })
      if (healthy !== 200) context.violation(`afterwards the server answers ${healthy}`)
    } finally {
      await server.stop()
      await repository.close()
    }
    const figures = Object.fromEntries(
      [...statuses]
        .sort(([one], [other]) => one - other)
        .map(([status, count]) => [`status ${status}`, count]),
    )
    return { done, figures: { ...figures, jobs: Math.min(jobs, jobsMax) } }
  },
}

async function endpointsOf(port: number): Promise<Endpoint[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/openapi.json`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const { paths } = (await answer.json()) as { paths: Record<string, Record<string, unknown>> }
  const listed = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method, path })),
  )
  return [
    ...listed,
    { method: 'get', path: '/metrics' },
    { method: 'get', path: '/api/v1/openapi.json' },
    { method: 'get', path: '/healthz' },
  ]
}

/** @returns the status; 0 when the connection was closed with an answer of the parser's, -1 when nothing came */
function send(port: number, { method, target, headers, body }: RawRequest): Promise<number> {
  return new Promise((resolve) => {
    const sent = request(
      { host: '127.0.0.1', port, method, path: target, headers, agent: false, timeout: timeoutMs },
      (response) => {
        const isStream = response.headers['content-type'] === 'text/event-stream'
        if (isStream) sent.destroy()
        response.resume()
        response.on('close', () => resolve(response.statusCode ?? 0))
      },
    )
    sent.on('timeout', () => {
      resolve(-1)
      sent.destroy()
    })
    // What is refused before it is read as a whole may end the connection.
    sent.on('error', () => resolve(0))
    sent.end(body)
  })
}
