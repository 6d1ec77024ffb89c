import {
  createServer as createHttpServer,
  request as forward,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/**
 * What becomes of a request: it reaches the store; it is answered in the place of the store with a status (and the XML of a name); its answer
 * ends in the middle; it reaches the store, and the connection breaks before the answer; nothing ever comes; other bytes come than the store has
 * sent; or it reaches the store late.
 */
export type Act =
  | 'pass'
  | 'cut'
  | 'lose'
  | 'hang'
  | { readonly status: number; readonly name: string }
  | { readonly rewrite: (body: Buffer) => Buffer }
  | { readonly lateMs: number }

/** A request and what became of it. */
export interface Exchange {
  readonly method: string
  /** Without what stands behind the question mark. */
  readonly path: string
  readonly query: string
  readonly act: Act
  readonly startedAtMs: number
  /** When the store answered; undefined when it never did. */
  answeredAtMs: number | undefined
  status: number | undefined
  sentBytes: number
  receivedBytes: number
  /** Of puts that `keepsBody` asks for, once all of it has come. */
  body: Buffer | undefined
}

export interface ProxyOptions {
  /** @param number counts all requests from 0 */
  readonly act?: (request: IncomingMessage, number: number) => Act
  /** Told of each request before it is passed on. */
  readonly onRequest?: (exchange: Exchange) => void
  /** Told when the store has answered, before the answer is passed on. */
  readonly onAnswer?: (exchange: Exchange) => void
  readonly keepsBody?: (path: string) => boolean
  readonly tls?: { readonly key: string; readonly cert: string }
}

export interface StoreProxy {
  /** Such as `http://127.0.0.1:41234`. */
  readonly endpoint: string
  /** `PUT /bucket/key`, what stands behind the question mark, and what became of it. */
  readonly seen: { readonly line: string; readonly query: string; readonly act: Act }[]
  close(): void
}

/** Stands between the program and the store until it is closed. The host that requests are signed for stays as it is. */
export async function openProxy(target: string, options: ProxyOptions = {}): Promise<StoreProxy> {
  const { act = () => 'pass', tls } = options
  const seen: StoreProxy['seen'] = []
  const listener: RequestListener = (request, response) => {
    const chosen = act(request, seen.length)
    const [path = '', query = ''] = request.url?.split('?') ?? []
    seen.push({ line: `${request.method} ${path}`, query, act: chosen })
    const exchange = newExchange(request.method ?? '', { path, query, act: chosen })
    options.onRequest?.(exchange)
    watch(request, exchange, options.keepsBody?.(path) === true)
    const pass = (passed: Passing['act']): void =>
      passOn(target, { request, response, act: passed }, (answer) => {
        exchange.answeredAtMs = performance.now()
        exchange.status = answer.statusCode
        answer.on('data', (part: Buffer) => (exchange.receivedBytes += part.length))
        options.onAnswer?.(exchange)
      })
    if (typeof chosen !== 'object') {
      if (chosen !== 'hang') pass(chosen)
    } else if ('status' in chosen) refuse(request, response, chosen)
    else if ('lateMs' in chosen) setTimeout(() => pass('pass'), chosen.lateMs)
    else pass(chosen)
  }
  const server = tls ? createHttpsServer(tls, listener) : createHttpServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    seen,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function newExchange(
  method: string,
  { path, query, act }: Pick<Exchange, 'path' | 'query' | 'act'>,
): Exchange {
  return {
    method,
    path,
    query,
    act,
    startedAtMs: performance.now(),
    answeredAtMs: undefined,
    status: undefined,
    sentBytes: 0,
    receivedBytes: 0,
    body: undefined,
  }
}

/** Counts what comes, and keeps it. A pipe that is laid in the same turn misses nothing. */
function watch(request: IncomingMessage, exchange: Exchange, isKept: boolean): void {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => {
    exchange.sentBytes += part.length
    if (isKept) parts.push(part)
  })
  request.on('end', () => {
    if (isKept) exchange.body = Buffer.concat(parts)
  })
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, name }: Extract<Act, { status: number }>,
): void {
  // The body is read first, as a store does that finds out late.
  request.resume()
  request.on('end', () => {
    const body = `<?xml version="1.0"?><Error><Code>${name}</Code><Message>said the proxy</Message></Error>`
    response.writeHead(status, { 'content-type': 'application/xml' })
    response.end(request.method === 'HEAD' ? undefined : body)
  })
}

interface Passing {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly act: 'pass' | 'cut' | 'lose' | Extract<Act, { rewrite: unknown }>
}

function passOn(
  target: string,
  { request, response, act }: Passing,
  onAnswer: (answer: IncomingMessage) => void,
): void {
  const { method, url, headers } = request
  const outgoing = forward(`${target}${url}`, { method, headers, agent: false }, (answer) => {
    onAnswer(answer)
    if (act === 'lose' || response.destroyed) {
      answer.resume()
      answer.on('end', () => response.destroy())
      return
    }
    if (typeof act === 'object') {
      rewrite(answer, response, act.rewrite)
      return
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    if (act === 'pass') answer.pipe(response)
    else cut(answer, response)
  })
  outgoing.on('error', () => response.destroy())
  // Who was killed amid a request leaves half of one to the store, too.
  request.on('close', () => {
    if (!request.complete) outgoing.destroy()
  })
  request.pipe(outgoing)
}

/** A right answer, but for its bytes. */
function rewrite(
  answer: IncomingMessage,
  response: ServerResponse,
  change: (body: Buffer) => Buffer,
): void {
  const parts: Buffer[] = []
  answer.on('data', (part: Buffer) => parts.push(part))
  answer.on('end', () => {
    const body = change(Buffer.concat(parts))
    const { 'transfer-encoding': _encoding, ...headers } = answer.headers
    response.writeHead(answer.statusCode ?? 502, { ...headers, 'content-length': body.length })
    response.end(body)
  })
}

/** The head and a half of the body. */
function cut(answer: IncomingMessage, response: ServerResponse): void {
  const parts: Buffer[] = []
  answer.on('data', (part: Buffer) => parts.push(part))
  answer.on('end', () => {
    const body = Buffer.concat(parts)
    response.write(body.subarray(0, body.length >> 1), () => response.destroy())
  })
}
