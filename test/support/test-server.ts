import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

import type { Configuration } from '../../src/config/load-config.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { runServer, type RunningServer, type ServerOptions } from '../../src/server/run-server.ts'
import { initRepository } from '../../src/repository/init-repository.ts'
import { openRepository } from '../../src/repository/open-repository.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { AnswersOfDocument, type InterfaceDocument } from './answers-of-document.ts'
import { fastFolder, scratchFolder } from './scratch.ts'

export const fullToken = 'full-token-0123456789'
export const readOnlyToken = 'read-only-0123456789'
export const bearer = { authorization: `Bearer ${fullToken}` }

/** A project with its repository and a server over it, on a port of its own. */
export interface TestServer extends RunningServer {
  /** The project's folder. */
  readonly folder: string
  readonly repository: Repository
  readonly configuration: Configuration
  readonly log: string[]
  /** With the token that may do everything. */
  get(path: string, init?: RequestInit): Promise<Response>
  send(method: string, path: string, body?: unknown): Promise<Response>
}

export interface TestServerOptions extends Partial<ServerOptions> {
  /** Lines of config.yml after `repository`. */
  readonly config?: string
  readonly folder?: string
}

const documentPath = '/api/v1/openapi.json'

const defaultConfig = `
api:
  backup:
    paths: { index: data/index/, cache: logs/cache/, config: config.yml, logs: logs/ }
`

let answersOfDocument: Promise<AnswersOfDocument> | undefined

/** From an address of its own, so that it does not count among what a test asks for. */
async function loadDocument({ port }: RunningServer): Promise<AnswersOfDocument> {
  const options = { host: '127.0.0.1', port, path: documentPath, headers: bearer }
  const text = await new Promise<string>((resolve, reject) => {
    request({ ...options, localAddress: '127.0.0.9' }, (answer) => {
      answer.toArray().then((parts) => resolve(Buffer.concat(parts as Buffer[]).toString()), reject)
    })
      .on('error', reject)
      .end()
  })
  return new AnswersOfDocument(JSON.parse(text) as InterfaceDocument)
}

/** Whatever a test asks for, its answer has to be as the document of the interface says. */
async function checkAnswer(
  server: RunningServer,
  answer: Response,
  method: string,
  path: string,
): Promise<void> {
  const isJson = answer.headers.get('content-type') === 'application/json'
  if (!isJson || method === 'HEAD' || path === documentPath) return
  answersOfDocument ??= loadDocument(server)
  const document = await answersOfDocument
  document.check(method, path, answer.status, await answer.json())
}

/** Makes a project with a few files, whose paths the configuration names. */
export function makeProject(config: string = defaultConfig): string {
  const folder = scratchFolder(fastFolder)
  mkdirSync(join(folder, 'data/index'), { recursive: true })
  mkdirSync(join(folder, 'logs/cache'), { recursive: true })
  writeFileSync(join(folder, 'data/index/vectors.bin'), Buffer.alloc(100_000, 'vector'))
  writeFileSync(join(folder, 'data/index/names.txt'), 'one\ntwo\n')
  writeFileSync(join(folder, 'logs/cache/entry'), 'cached')
  writeFileSync(join(folder, 'config.yml'), `repository: ./repo\n${config}`)
  return folder
}

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const folder = options.folder ?? makeProject(options.config)
  const configuration = loadConfig(join(folder, 'config.yml'))
  const location = join(folder, 'repo')
  if (options.repository === undefined) await initRepository({ location })
  const repository = options.repository ?? (await openRepository({ location }))
  const log: string[] = []
  const server = await runServer({
    repository,
    configuration,
    tokens: { full: fullToken, readOnly: readOnlyToken },
    port: 0,
    allowsInsecureHttp: false,
    writeLog: (line) => log.push(line),
    logsRequests: false,
    ...options,
  })
  onTestFinished(async () => {
    await server.stop()
    await repository.close()
  })
  const get = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const answer = await fetch(`${server.url}${path}`, {
      ...init,
      headers: { ...bearer, ...(init.headers as Record<string, string> | undefined) },
    })
    await checkAnswer(server, answer.clone(), init.method ?? 'GET', path)
    return answer
  }
  return {
    ...server,
    folder,
    repository,
    configuration,
    log,
    get,
    send: (method, path, body) =>
      get(path, {
        method,
        ...(body !== undefined && {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      }),
  }
}
