import { execFileSync } from 'node:child_process'
import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'

import { fastFolder, scratchFolder } from '../../support/scratch.ts'
import { save } from '../../support/repositories.ts'
import { bearer, makeProject, startTestServer, type TestServer } from '../../support/test-server.ts'

function certificate(folder: string): { certificateFile: string; certificateKeyFile: string } {
  const certificateFile = join(folder, 'cert.pem')
  const certificateKeyFile = join(folder, 'key.pem')
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '1',
      '-subj',
      '/CN=localhost',
      '-keyout',
      certificateKeyFile,
      '-out',
      certificateFile,
    ],
    { stdio: 'ignore' },
  )
  return { certificateFile, certificateKeyFile }
}

describe('connections', () => {
  it('speak TLS with a certificate, and the cookie is for TLS alone', async () => {
    const server = await startTestServer(certificate(scratchFolder(fastFolder)))
    expect(server.url).toMatch(/^https:/)
    const answer = await new Promise<{ status: number; headers: NodeJS.Dict<string | string[]> }>(
      (resolve, reject) => {
        const headers = { ...bearer, 'content-type': 'application/json' }
        const options = { rejectUnauthorized: false, method: 'POST', headers }
        const sent = request(`${server.url}/api/v1/session`, options, (response) => {
          response.resume()
          resolve({ status: response.statusCode ?? 0, headers: response.headers })
        })
        sent.on('error', reject)
        sent.end(JSON.stringify({ token: bearer.authorization.slice(7) }))
      },
    )
    expect(answer.status).toBe(200)
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      /^__Host-holdfast-\d+=.*; HttpOnly; SameSite=Strict; Secure$/,
    )
    expect(answer.headers['strict-transport-security']).toBeDefined()
  })

  it('are refused to other machines without TLS, and with half of a certificate', async () => {
    await expect(startTestServer({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'USAGE' })
    await expect(startTestServer({ certificateFile: '/x' })).rejects.toMatchObject({
      code: 'USAGE',
    })
    const missing = { certificateFile: '/nothing', certificateKeyFile: '/nothing' }
    await expect(startTestServer(missing)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('are refused where another program listens', async () => {
    const { port } = await startTestServer()
    await expect(startTestServer({ folder: makeProject(), port })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
    })
  })

  it('that send slowly are closed, and others are answered meanwhile', async () => {
    const server = await startTestServer()
    const startedMs = performance.now()
    const sockets = Array.from({ length: 50 }, () => connect(server.port, '127.0.0.1'))
    for (const socket of sockets)
      socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: ')
    const closed = sockets.map(
      (socket) =>
        new Promise<void>((resolve) =>
          socket
            .once('close', () => resolve())
            .on('error', () => undefined)
            .resume(),
        ),
    )
    expect((await server.get('/healthz')).status).toBe(200)
    await Promise.all(closed)
    expect(performance.now() - startedMs).toBeLessThan(30_000)
    expect((await server.get('/healthz')).status).toBe(200)
  })

  it('that send nonsense or headers without end get an error and are closed', async () => {
    const server = await startTestServer()
    const answerTo = (bytes: string): Promise<string> =>
      new Promise((resolve) => {
        let text = ''
        const socket = connect(server.port, '127.0.0.1')
        socket.on('data', (part: Buffer) => (text += part.toString()))
        socket.on('error', () => undefined)
        socket.on('close', () => resolve(text))
        socket.write(bytes)
      })
    expect(await answerTo('nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400/)
    expect(
      await answerTo(`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`),
    ).toMatch(/^(?:HTTP\/1.1 4\d\d|$)/)
  })
})

describe('a download', () => {
  const fileBytes = 64 * 1024 * 1024
  const stallMs = 400

  interface Download {
    readonly socket: Socket
    /** What came until the connection was closed. */
    readonly bytes: Promise<number>
  }

  async function download(server: TestServer, path: string): Promise<Download> {
    const socket = connect(server.port, '127.0.0.1')
    const bytes = new Promise<number>((resolve) => {
      let count = 0
      socket.on('data', (part: Buffer) => (count += part.length))
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(count))
    })
    socket.pause()
    const lines = [
      `GET ${path} HTTP/1.1`,
      'host: localhost',
      `authorization: ${bearer.authorization}`,
      'connection: close',
    ]
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    return { socket, bytes }
  }

  async function start(): Promise<{ server: TestServer; path: string }> {
    const folder = makeProject()
    truncateSync(join(folder, 'data/index/vectors.bin'), fileBytes)
    const server = await startTestServer({ folder, downloadStallMs: stallMs })
    const { snapshot } = await save(server.repository, folder)
    return { server, path: `/api/v1/snapshots/${snapshot.id}/file?path=/data/index/vectors.bin` }
  }

  it('of which nothing is taken is given up', async () => {
    const { server, path } = await start()
    const { socket, bytes } = await download(server, path)
    await sleep(5 * stallMs)
    socket.resume()
    expect(await bytes).toBeLessThan(fileBytes)
    expect((await server.get('/healthz')).status).toBe(200)
  })

  it('that is slow, but goes on, is not', async () => {
    const { server, path } = await start()
    const { socket, bytes } = await download(server, path)
    for (let step = 0; step < 20; step++) {
      await sleep(stallMs / 4)
      socket.resume()
      await sleep(1)
      socket.pause()
    }
    socket.resume()
    expect(await bytes).toBeGreaterThan(fileBytes)
  })
})
