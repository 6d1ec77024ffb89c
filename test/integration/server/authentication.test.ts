import { describe, expect, it } from 'vitest'
import { request } from 'node:http'

import {
  bearer,
  fullToken,
  readOnlyToken,
  startTestServer,
  type TestServer,
} from '../../support/test-server.ts'

const json = { 'content-type': 'application/json' }

/** fetch() sets `Host` and `Origin` itself. */
function ask(
  server: TestServer,
  options: { path: string; method?: string; headers: Record<string, string>; body?: string },
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const { path, method = 'GET', headers, body } = options
    const sent = request(`${server.url}${path}`, { method, headers }, (response) => {
      let text = ''
      response.on('data', (part: Buffer) => (text += part.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

async function openSession(server: TestServer): Promise<string> {
  const answer = await fetch(`${server.url}/api/v1/session`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ token: fullToken }),
  })
  expect(answer.status).toBe(200)
  return answer.headers.get('set-cookie') ?? ''
}

describe('who asks', () => {
  it('is let in by Bearer, by Basic with any user, and by nothing else', async () => {
    const server = await startTestServer()
    const status = async (authorization?: string): Promise<number> =>
      (
        await fetch(`${server.url}/admin/backup/status`, {
          headers: authorization === undefined ? {} : { authorization },
        })
      ).status
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
    expect(await status(`Bearer ${fullToken}`)).toBe(200)
    expect(await status(`bearer ${readOnlyToken}`)).toBe(200)
    expect(await status(basic(`cron:${fullToken}`))).toBe(200)
    expect(await status(basic(`:${fullToken}`))).toBe(200)
    expect(await status()).toBe(401)
    for (const wrong of [
      'Bearer',
      `Bearer ${fullToken}x`,
      `Bearer ${fullToken.slice(1)}`,
      basic(fullToken),
      basic(`cron:${fullToken} `),
      fullToken,
      `Digest ${fullToken}`,
    ]) {
      expect([wrong, await status(wrong)]).toEqual([wrong, 401])
    }
  })

  it('gets every endpoint refused without a token, and only the page and /healthz given', async () => {
    const server = await startTestServer()
    const document = (await (await server.get('/api/v1/openapi.json')).json()) as {
      paths: Record<string, Record<string, unknown>>
    }
    const endpoints = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
    )
    expect(endpoints.length).toBeGreaterThan(8)
    for (const [method, path] of endpoints) {
      if (path === '/api/v1/session' && method !== 'GET') continue
      const answer = await fetch(`${server.url}${path.replaceAll(/\{\w+\}/g, 'abcd')}`, { method })
      expect([method, path, answer.status]).toEqual([method, path, 401])
      expect(await answer.json()).toMatchObject({ code: 'UNAUTHENTICATED' })
    }
    for (const path of ['/metrics', '/nothing', '/api/v1/nothing', '/admin/backup/nothing']) {
      expect([path, (await fetch(`${server.url}${path}`)).status]).toEqual([path, 401])
    }
    expect(await (await fetch(`${server.url}/healthz`)).text()).toBe('ok\n')
    expect((await fetch(`${server.url}/`)).headers.get('content-type')).toContain('text/html')
  })

  it('may change nothing with a read-only token', async () => {
    const server = await startTestServer()
    const headers = { authorization: `Bearer ${readOnlyToken}` }
    expect((await fetch(`${server.url}/api/v1/snapshots`, { headers })).status).toBe(200)
    const session = await (await fetch(`${server.url}/api/v1/session`, { headers })).json()
    expect(session).toEqual({ can_write: false, name: 'read-only token' })
    for (const [method, path] of [
      ['POST', '/admin/backup/create'],
      ['DELETE', '/admin/backup/backup_1'],
      ['POST', '/api/v1/jobs'],
    ]) {
      const answer = await fetch(`${server.url}${path}`, { method, headers })
      expect([path, answer.status]).toEqual([path, 403])
      expect(await answer.json()).toMatchObject({ code: 'READ_ONLY' })
    }
  })

  it('is refused for a minute after ten wrong tokens, also with the right one', async () => {
    const server = await startTestServer()
    const status = async (token: string): Promise<Response> =>
      fetch(`${server.url}/api/v1/session`, { headers: { authorization: `Bearer ${token}` } })
    for (let count = 0; count < 10; count++) expect((await status('wrong')).status).toBe(401)
    const refused = await status(fullToken)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    const tokens = server.log.join('')
    expect(tokens).not.toContain('wrong')
    expect(tokens).not.toContain(fullToken)
  })

  it('has a number of requests a minute', async () => {
    const server = await startTestServer({
      config: 'holdfast: { server: { requests_per_minute: 100 } }\n',
    })
    const statuses = []
    for (let count = 0; count < 30; count++) statuses.push((await server.get('/healthz')).status)
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(10)
  })
})

describe('a browser', () => {
  it('gets a cookie that no script reads and no other site sends, for as long as the session lasts', async () => {
    const server = await startTestServer()
    const header = await openSession(server)
    expect(header).toMatch(/^holdfast-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
    const cookie = header.slice(0, header.indexOf(';'))
    const asked = await fetch(`${server.url}/api/v1/session`, { headers: { cookie } })
    expect(await asked.json()).toEqual({ can_write: true, name: 'token' })
    const ended = await fetch(`${server.url}/api/v1/session`, {
      method: 'DELETE',
      headers: { cookie, origin: server.url },
    })
    expect(ended.status).toBe(204)
    expect((await fetch(`${server.url}/api/v1/session`, { headers: { cookie } })).status).toBe(401)
  })

  it('changes nothing for a page of another site', async () => {
    const server = await startTestServer()
    const header = await openSession(server)
    const cookie = header.slice(0, header.indexOf(';'))
    const host = new URL(server.url).host
    const post = async (headers: Record<string, string>): Promise<number> =>
      (
        await ask(server, {
          path: '/api/v1/nothing',
          method: 'POST',
          headers: { host, ...headers },
        })
      ).status
    expect(await post({ cookie, origin: server.url })).toBe(404)
    expect(await post({ cookie })).toBe(403)
    expect(await post({ cookie, origin: 'null' })).toBe(403)
    expect(await post({ cookie, origin: 'http://evil.example' })).toBe(403)
    expect(await post({ cookie, origin: server.url.replace('http:', 'https:') })).toBe(403)
    expect(await post({ cookie, origin: server.url, 'sec-fetch-site': 'cross-site' })).toBe(403)
    // A password that the browser knows goes along with a form of any site, too.
    expect(await post({ ...bearer, origin: 'http://evil.example' })).toBe(403)
    expect(await post(bearer)).toBe(404)
  })

  it('is not answered under a name that is not of this server', async () => {
    const server = await startTestServer({
      config: 'holdfast: { server: { allowed_hosts: [backup.example, "other.example:9000"] } }\n',
    })
    const { port } = server
    const status = async (host: string): Promise<number> =>
      (await ask(server, { path: '/healthz', headers: { host } })).status
    for (const host of [
      `localhost:${port}`,
      `127.0.0.1:${port}`,
      `[::1]:${port}`,
      'LOCALHOST',
      'backup.example',
      'backup.example:8443',
      'other.example:9000',
    ]) {
      expect([host, await status(host)]).toEqual([host, 200])
    }
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      'other.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'localhost@evil.example',
      '2130706433',
    ]) {
      expect([host, (await status(host)) >= 400]).toEqual([host, true])
    }
  })
})

describe('a request', () => {
  it('that no endpoint takes is answered in JSON with 404, 405 or 413', async () => {
    const server = await startTestServer()
    const missing = await server.get('/api/v1/nothing')
    expect([missing.status, await missing.json()]).toMatchObject([404, { code: 'NOT_FOUND' }])
    const wrong = await server.send('DELETE', '/api/v1/overview')
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
    expect(await wrong.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED' })
    const options = await server.send('OPTIONS', '/api/v1/overview')
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS'])
    const head = await server.send('HEAD', '/admin/backup/list')
    expect([head.status, await head.text()]).toEqual([200, ''])
    const large = await server.send('POST', '/api/v1/nothing', 'x'.repeat(2 * 1024 ** 2))
    expect([large.status, await large.json()]).toMatchObject([413, { code: 'BODY_TOO_LARGE' }])
    const query = await server.get('/api/v1/snapshots?limit=100000')
    expect([query.status, await query.json()]).toMatchObject([400, { code: 'INVALID_REQUEST' }])
  })

  it('is answered with headers that keep browsers from showing or running it', async () => {
    const server = await startTestServer()
    for (const path of ['/admin/backup/list', '/api/v1/nothing', '/healthz']) {
      const { headers } = await server.get(path)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('access-control-allow-origin')).toBeNull()
    }
  })
})
