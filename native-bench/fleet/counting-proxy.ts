import { createServer, request as forward } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request as it passed by. */
export interface PassedRequest {
  readonly method: string
  readonly path: string
  readonly query: string
}

export interface CountingProxy {
  readonly endpoint: string
  readonly seen: PassedRequest[]
  close(): void
}

/** Stands between the program and a store, and writes down each request. The host that requests are signed for stays as it is. */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const seen: PassedRequest[] = []
  const { hostname, port } = new URL(target)
  const server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?')
    seen.push({ method: request.method ?? '', path, query: decodeURIComponent(query) })
    const { method, url, headers } = request
    const passed = forward({ hostname, port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    passed.on('error', () => response.destroy())
    request.pipe(passed)
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
