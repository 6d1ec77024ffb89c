import {
  createServer as createHttpServer,
  request as forward,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

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

export interface ProxyOptions {
  /** @param number counts all requests from 0 */
  readonly act?: (request: IncomingMessage, number: number) => Act
  readonly tls?: { readonly key: string; readonly cert: string }
}

export interface StoreProxy {
  /** Such as `http://127.0.0.1:41234`. */
  readonly endpoint: string
  /** `PUT /bucket/key`, what stands behind the question mark, and what became of it. */
  readonly seen: { readonly line: string; readonly query: string; readonly act: Act }[]
}

/** Stands between the program and the store for the time of a test. The host that requests are signed for stays as it is. */
export async function startProxy(target: string, options: ProxyOptions = {}): Promise<StoreProxy> {
  const { act = () => 'pass', tls } = options
  const seen: StoreProxy['seen'] = []
  const listener: RequestListener = (request, response) => {
    const chosen = act(request, seen.length)
    const [path, query = ''] = request.url?.split('?') ?? []
    seen.push({ line: `${request.method} ${path}`, query, act: chosen })
    if (typeof chosen === 'object' && 'status' in chosen) refuse(request, response, chosen)
    else if (typeof chosen === 'object' && 'lateMs' in chosen) {
      setTimeout(() => passOn(target, request, response, 'pass'), chosen.lateMs)
    } else if (chosen !== 'hang') passOn(target, request, response, chosen)
  }
  const server = tls ? createHttpsServer(tls, listener) : createHttpServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, seen }
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

function passOn(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  act: 'pass' | 'cut' | 'lose' | Extract<Act, { rewrite: unknown }>,
): void {
  const { method, url, headers } = request
  const outgoing = forward(`${target}${url}`, { method, headers, agent: false }, (answer) => {
    if (act === 'lose') {
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
