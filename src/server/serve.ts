import { readFileSync } from 'node:fs'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'

import { HoldfastError } from '../foundation/errors.ts'
import { createServerApp } from './server-app.ts'
import type { ServerContext } from './server-context.ts'

export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly certificate?: { readonly file: string; readonly keyFile: string } | undefined
}

export interface Listening {
  readonly port: number
  /** Takes no new requests, and ends when those at work are answered, after `graceMs` at the latest. */
  close(graceMs: number): Promise<void>
}

/** Slow senders are cut off: a request has to be there as a whole by then. */
const requestTimeoutMs = 30_000
const headersTimeoutMs = 10_000
const keepAliveTimeoutMs = 5_000
const headersBytesMax = 16 * 1024
const headersMax = 100
const connectionsMax = 1_000

interface HttpPair {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

/** A bound port, before it is known what answers on it: the app has to know the port. */
export interface BoundServer {
  readonly port: number
  answerWith(server: ServerContext): Listening
  close(): Promise<void>
}

/** @throws {HoldfastError} `LISTEN_FAILED`, `CONFIG_INVALID` for a certificate that cannot be used */
export async function bindServer(options: ListenOptions): Promise<BoundServer> {
  const server = createServer(options)
  server.maxConnections = connectionsMax
  server.maxHeadersCount = headersMax
  server.on('clientError', (_, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')
    else socket.destroy()
  })
  await listen(server, options)
  const { port } = server.address() as AddressInfo
  return {
    port,
    answerWith(context) {
      const { fetch } = createServerApp(context)
      // It puts its own `Response` in the place of the global one, which hands a body to the socket without a stream in between: a
      // long list takes a third less processor time.
      const listener = getRequestListener((request, bindings) => {
        const { incoming, outgoing } = bindings as HttpPair
        const { socket } = incoming
        return fetch(request, {
          address: socket.remoteAddress ?? '',
          hangUp: () => socket.destroy(),
          // For this answer alone: a connection that is kept gets its own limit back.
          limitStall: (stallMs) => void outgoing.setTimeout(stallMs),
        })
      })
      server.on('request', (request, response) => void listener(request, response))
      return { port, close: (graceMs) => close(server, graceMs) }
    },
    close: () => close(server, 0),
  }
}

function createServer({ certificate }: ListenOptions): Server {
  const options = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: headersTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: headersBytesMax,
    connectionsCheckingInterval: 1_000,
  }
  if (certificate === undefined) return createHttpServer(options)
  try {
    const cert = readFileSync(certificate.file)
    const key = readFileSync(certificate.keyFile)
    return createHttpsServer({ ...options, cert, key, minVersion: 'TLSv1.2' })
  } catch (cause) {
    throw new HoldfastError(
      'CONFIG_INVALID',
      `Cannot use the certificate "${certificate.file}" with the key "${certificate.keyFile}"`,
      { cause, remedy: 'Name a certificate and its key, both in PEM form and readable' },
    )
  }
}

function listen(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const state = cause.code === 'EADDRINUSE' ? 'another program listens there' : cause.message
      reject(
        new HoldfastError('LISTEN_FAILED', `Cannot listen on "${host}:${port}": ${state}`, {
          remedy: 'Choose another --port or --host, or stop the other program',
          facts: { host, port },
          cause,
        }),
      )
    })
    server.listen({ host, port }, resolve)
  })
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(timer)
}
