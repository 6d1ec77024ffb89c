import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'

import { until, workspace, type JsonObject, type Running, type Workspace } from './workspace.ts'

const passphrase = { HOLDFAST_PASSPHRASE: 'correct horse battery staple' }
const headers = { authorization: 'Bearer token-of-sixteen-0123456789' }

interface Served {
  readonly place: Workspace
  readonly server: Running
  readonly url: string
  get(path: string): Promise<JsonObject>
  post(path: string, body: object): Promise<JsonObject>
}

/** A server of its own process over an encrypted repository. */
async function serve(): Promise<Served> {
  const place = workspace({ ...passphrase, HOLDFAST_TOKEN: 'token-of-sixteen-0123456789' })
  place.write('data/index/a', 'content')
  place.write('config.yml', 'api:\n  backup:\n    paths: {index: data/index, config: config.yml}\n')
  expect(place.done(['init', '--json']).line('initialized')['encryption']).not.toBe('none')
  const server = place.start(['serve', '--port', '0'])
  let told = ''
  for (const stream of [server.process.stdout, server.process.stderr]) {
    stream?.on('data', (bytes: Buffer) => (told += bytes.toString()))
  }
  await until(() => /Listening on http\S+/.test(told), 'the server to listen')
  const url = /Listening on (http\S+)/.exec(told)?.[1] ?? ''
  const ask = async (path: string, init: RequestInit): Promise<JsonObject> => {
    const answer = await fetch(new URL(path, url), init)
    expect(answer.ok, `${path}: ${answer.status}`).toBe(true)
    return (await answer.json()) as JsonObject
  }
  return {
    place,
    server,
    url,
    get: (path) => ask(path, { headers }),
    post: (path, body) =>
      ask(path, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
  }
}

async function jobEnd({ get }: Served, id: unknown): Promise<JsonObject> {
  for (;;) {
    const job = await get(`/api/v1/jobs/${String(id)}`)
    if (job['ended_at'] !== null) return job
    await sleep(50)
  }
}

describe('holdfast serve over an encrypted repository', () => {
  it('lets its jobs open it, and shows what other processes make, also when they make the catalogue anew', async () => {
    const served = await serve()
    const { place, get, post } = served
    const made = await post('/api/v1/jobs', { kind: 'create', type: 'full' })
    expect(await jobEnd(served, made['id'])).toMatchObject({ state: 'done', error: null })
    expect((await get('/api/v1/snapshots'))['total']).toBe(1)

    place.done(['create', '--type', 'full'])
    expect((await get('/api/v1/snapshots'))['total']).toBe(2)
    place.done(['repair', 'catalogue'])
    expect((await get('/api/v1/snapshots'))['total']).toBe(2)
    place.done(['create', '--type', 'full'])
    expect((await get('/api/v1/snapshots'))['total']).toBe(3)
    const again = await post('/api/v1/jobs', { kind: 'verify' })
    expect(await jobEnd(served, again['id'])).toMatchObject({ state: 'done', error: null })
  }, 60_000)

  it('ends when it is told to, with a job at work and somebody who listens, and leaves everything in order', async () => {
    const { place, server, url, post } = await serve()
    for (let file = 0; file < 60; file++) {
      place.write(`data/index/large/${file}`, randomBytes(4 * 1024 * 1024))
    }
    const events = await fetch(new URL('/api/v1/events', url), { headers })
    const heard = events.text().catch(() => 'cut off')
    await post('/api/v1/jobs', { kind: 'create', type: 'full' })
    const locks = (): string[] => readdirSync(place.at('repository', 'locks'))
    await until(() => locks().length > 0, 'the job to begin')
    const startedAtMs = Date.now()
    server.process.kill('SIGTERM')
    await server.finished
    expect(Date.now() - startedAtMs).toBeLessThan(15_000)
    expect(await heard).toMatch(/event: job|cut off/)
    expect(locks()).toEqual([])
    place.done(['create', '--type', 'full'])
    place.done(['check'])
  }, 90_000)
})
