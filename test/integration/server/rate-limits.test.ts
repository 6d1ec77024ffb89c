import { request } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'

import { bearer, startTestServer, type TestServer } from '../../support/test-server.ts'

interface Clocked {
  readonly server: TestServer
  /** The clock of the limits stands still but for this. */
  pass(ms: number): void
}

/** A server with the limits that nobody set, which the fuzzing server has switched off. */
async function clocked(): Promise<Clocked> {
  let nowMs = 0
  const server = await startTestServer({ monotonicMs: () => nowMs })
  return { server, pass: (ms) => (nowMs += ms) }
}

/** Sends many requests over one connection without waiting for answers. @returns their statuses */
function flood(server: TestServer, count: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1')
    let text = ''
    socket.on('error', reject)
    socket.on('data', (part: Buffer) => (text += part.toString('latin1')))
    socket.on('close', () =>
      resolve([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))),
    )
    const one = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n'
    socket.write(`${one}\r\n`.repeat(count - 1) + `${one}connection: close\r\n\r\n`)
  })
}

/** @param from an address of this machine */
function statusFrom(server: TestServer, from: string, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` }
    const options = { localAddress: from, headers, agent: false }
    const sent = request(`${server.url}/api/v1/session`, options, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.on('error', reject)
    sent.end()
  })
}

async function refusal(answer: Response): Promise<[status: number, wait: string | null]> {
  expect(answer.headers.get('content-type')).toBe('application/json')
  expect(await answer.json()).toMatchObject({
    code: answer.status === 429 ? 'TOO_MANY_REQUESTS' : 'UNAUTHENTICATED',
    error: expect.stringMatching(/./) as string,
    remedy: expect.stringMatching(/./) as string,
  })
  return [answer.status, answer.headers.get('retry-after')]
}

describe('the limits that nobody set', () => {
  it('let 6,000 requests come at once and 1,000 a second, refuse more in JSON, and end', async () => {
    const { server, pass } = await clocked()
    const first = await Promise.all(Array.from({ length: 10 }, () => flood(server, 600)))
    expect(first.flat().length).toBe(6000)
    expect(new Set(first.flat())).toEqual(new Set([200]))
    for (const path of ['/healthz', '/', '/api/v1/overview', '/admin/backup/list', '/nothing']) {
      expect(await refusal(await server.get(path))).toEqual([429, '1'])
    }
    expect(new Set(await flood(server, 100))).toEqual(new Set([429]))
    // What is refused does not make the wait longer.
    pass(1000)
    expect((await server.get('/admin/backup/status')).status).toBe(200)
    const second = await flood(server, 1100)
    expect(second.filter((status) => status === 200)).toHaveLength(999)
    expect(second.filter((status) => status === 429)).toHaveLength(101)
    pass(60_000)
    expect((await server.get('/api/v1/overview')).status).toBe(200)
  }, 60_000)

  it('let one address fail to sign in ten times, refuse it in JSON, and end; others sign in meanwhile', async () => {
    const { server, pass } = await clocked()
    const wrong = { headers: { authorization: 'Bearer wrong-token-0123456789' } }
    const signIn = (token: string): Promise<Response> =>
      fetch(`${server.url}/api/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token }),
      })
    for (let count = 0; count < 5; count++) {
      expect(await refusal(await server.get('/api/v1/overview', wrong))).toEqual([401, null])
      expect(await refusal(await signIn('wrong-token-0123456789'))).toEqual([401, null])
    }
    const right = bearer.authorization.slice('Bearer '.length)
    expect(await refusal(await server.get('/api/v1/overview', wrong))).toEqual([429, '6'])
    expect(await refusal(await server.get('/api/v1/overview'))).toEqual([429, '6'])
    expect(await refusal(await signIn(right))).toEqual([429, '6'])
    expect(await statusFrom(server, '127.0.0.2', right)).toBe(200)
    // Without a token nothing is tried, and the page that asks for one is there.
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    pass(6000)
    expect((await server.get('/api/v1/overview')).status).toBe(200)
    expect((await signIn(right)).status).toBe(200)
    expect(await refusal(await server.get('/api/v1/overview', wrong))).toEqual([401, null])
    expect(await refusal(await server.get('/api/v1/overview'))).toEqual([429, '6'])
    pass(60_000)
    expect((await server.get('/api/v1/overview')).status).toBe(200)
  })
})
