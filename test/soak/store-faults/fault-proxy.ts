import {
  createServer,
  request as forward,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import type { S3Access } from '../../s3/engines/engine.ts'
import { openListings, type StaleListings } from './stale-listings.ts'
import { tellLie, type Lie } from './tell-lie.ts'

/** What becomes of a request that gets none of these: it is passed on. */
export type Fault =
  | 'error 500'
  | 'error 503'
  | 'reset before'
  | 'reset after'
  | 'cut body'
  | 'stale listing'
  | Lie

export interface Manner {
  readonly name: string
  /** Of each request that it can happen to, from 0 to 1. */
  readonly rates: Readonly<Partial<Record<Fault, number>>>
  /** Before each request is passed on. */
  readonly latencyMs?: number
}

export interface FaultProxy {
  /** Such as `http://127.0.0.1:41234`. */
  readonly endpoint: string
  /** What was done so far, by the names of faults; `passed` and `delayed` besides. */
  readonly counts: ReadonlyMap<string, number>
  manner: Manner
  /** Times that wrong bytes of an object were sent, by its path, since it was emptied last. */
  readonly liedAbout: Map<string, number>
  readonly listings: StaleListings
  close(): void
}

const honest: Manner = { name: 'honest', rates: {} }
const lies: readonly Lie[] = ['flipped bit', 'wrong range', 'other object', 'shorter truth']
const errorNames = { 'error 500': [500, 'InternalError'], 'error 503': [503, 'SlowDown'] } as const

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Stands between the program and a store, and does to requests what its manner says, by the numbers of `random`. */
export async function startFaultProxy(access: S3Access, random: () => number): Promise<FaultProxy> {
  const counts = new Map<string, number>()
  const note = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)
  const listings = openListings(access, random)
  const others = new Map<string, Buffer>()

  /** Answers or breaks the connection before the store has seen the request. @returns whether that is all */
  const refuse = async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const draw = drawFrom(proxy.manner, random)
    for (const fault of ['error 500', 'error 503'] as const) {
      if (!draw(fault)) continue
      note(fault)
      const [status, name] = errorNames[fault]
      response.writeHead(status, { 'content-type': 'application/xml' })
      response.end(request.method === 'HEAD' ? undefined : errorBody(name))
      return true
    }
    if (draw('reset before')) {
      note('reset before')
      request.socket.resetAndDestroy()
      return true
    }
    const isStale = isListing(request) && draw('stale listing')
    const stale = isStale ? await listings.answer(request.url ?? '') : null
    if (stale === null) return false
    note('stale listing')
    response.writeHead(200, { 'content-type': 'application/xml' })
    response.end(stale)
    return true
  }

  /** Hands on what the store has answered, or something else. */
  const give = async (
    request: IncomingMessage,
    response: ServerResponse,
    given: Answer,
  ): Promise<void> => {
    const draw = drawFrom(proxy.manner, random)
    const path = request.url?.split('?')[0] ?? ''
    if (draw('reset after')) {
      note('reset after')
      request.socket.resetAndDestroy()
      return
    }
    if (draw('cut body') && given.body.length > 1 && request.method !== 'HEAD') {
      note('cut body')
      response.writeHead(given.status, given.headers)
      response.write(given.body.subarray(0, given.body.length >> 1), () => response.destroy())
      return
    }
    const isContent = isObject(request) && given.status < 300 && given.body.length > 0
    const lie = isContent ? lies.find(draw) : undefined
    const told = lie ? await tellLie(lie, { access, path, given, others, random }) : given.body
    if (isContent) others.set(path, given.body)
    if (lie && !told.equals(given.body)) {
      note(lie)
      proxy.liedAbout.set(path, (proxy.liedAbout.get(path) ?? 0) + 1)
    }
    note('passed')
    const headers = { ...given.headers, 'content-length': String(told.length) }
    response.writeHead(given.status, request.method === 'HEAD' ? given.headers : headers)
    response.end(request.method === 'HEAD' ? undefined : told)
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request)
    const { latencyMs = 0 } = proxy.manner
    if (latencyMs > 0) {
      note('delayed')
      await sleep(latencyMs)
    }
    if (await refuse(request, response)) return
    await give(request, response, await passOn(access.endpoint, request, body))
  }

  const server = createServer((request, response) => {
    // Nobody is there to answer: the store is dead.
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const proxy: FaultProxy = {
    endpoint: `http://127.0.0.1:${port}`,
    counts,
    manner: honest,
    liedAbout: new Map(),
    listings,
    close() {
      server.close()
      server.closeAllConnections()
      listings.close()
    },
  }
  return proxy
}

function drawFrom({ rates }: Manner, random: () => number): (fault: Fault) => boolean {
  return (fault) => random() < (rates[fault] ?? 0)
}

function isListing({ method, url = '' }: IncomingMessage): boolean {
  return method === 'GET' && url.includes('list-type=2')
}

function isObject({ method, url = '' }: IncomingMessage): boolean {
  return method === 'GET' && url.includes('x-id=GetObject')
}

async function bodyOf(stream: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

/** The host that the request was signed for stays as it is. */
function passOn(target: string, request: IncomingMessage, body: Buffer): Promise<Answer> {
  const { method, url, headers } = request
  return new Promise((resolve, reject) => {
    // Its body is sent whole: nobody has to be asked whether it may come.
    const { expect: _expect, ...passed } = headers
    const outgoing = forward(`${target}${url}`, { method, headers: passed, agent: false })
    outgoing.on('response', (answer) => {
      bodyOf(answer).then(
        (bytes) =>
          resolve({ status: answer.statusCode ?? 502, headers: headersOf(answer), body: bytes }),
        reject,
      )
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** A body that is known as a whole comes in one piece. */
function headersOf({ headers }: IncomingMessage): IncomingHttpHeaders {
  const { 'transfer-encoding': _encoding, ...others } = headers
  return others
}

function errorBody(name: string): string {
  return `<?xml version="1.0"?><Error><Code>${name}</Code><Message>said the proxy</Message></Error>`
}
