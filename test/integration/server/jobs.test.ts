import { writeFileSync, mkdirSync, readFileSync, existsSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { forgetSnapshots } from '../../../src/operations/retention/forget-snapshots.ts'
import { initRepository } from '../../../src/repository/init-repository.ts'
import { listSnapshots } from '../../../src/repository/list-snapshots.ts'
import { openRepository } from '../../../src/repository/open-repository.ts'
import { fastFolder, scratchFolder } from '../../support/scratch.ts'
import {
  bearer,
  makeProject,
  readOnlyToken,
  startTestServer,
  type TestServer,
} from '../../support/test-server.ts'

type Json = Record<string, unknown>

async function json(answer: Promise<Response>): Promise<Json> {
  return (await (await answer).json()) as Json
}

async function start(server: TestServer, body: object): Promise<Json> {
  const answer = await server.send('POST', '/api/v1/jobs', body)
  expect(answer.status, await answer.clone().text()).toBe(202)
  return (await answer.json()) as Json
}

async function ended(server: TestServer, id: unknown): Promise<Json> {
  for (;;) {
    const job = await json(server.get(`/api/v1/jobs/${String(id)}`))
    if (job['ended_at'] !== null) return job
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function done(server: TestServer, body: object): Promise<Json> {
  const job = await ended(server, (await start(server, body))['id'])
  expect(job).toMatchObject({ state: 'done', error: null })
  return job['result'] as Json
}

describe('a job', () => {
  it('does each kind of work', async () => {
    const roots = scratchFolder(fastFolder)
    const server = await startTestServer({
      config: `api: { backup: { paths: { index: data/index/, config: config.yml }, verification: false } }
holdfast: { server: { restore_roots: [${roots}] } }
`,
    })
    const odd = join(server.folder, 'data/index/a [odd] *name?')
    writeFileSync(odd, 'odd')
    const made = await done(server, { kind: 'create', type: 'incremental', description: 'x' })
    const snapshot = made['snapshot_id']
    expect(await done(server, { kind: 'verify', snapshot })).toMatchObject({
      snapshots: 1,
      damaged_count: 0,
    })
    expect(await done(server, { kind: 'check' })).toMatchObject({ damaged_count: 0 })
    expect(await done(server, { kind: 'drill' })).toMatchObject({ result: 'ok' })
    const dry = { kind: 'restore', snapshot, target: join(roots, 'r'), dry_run: true }
    expect(await done(server, dry)).toMatchObject({
      dry_run: true,
      files_restored: 4,
      restore_id: null,
    })
    expect(existsSync(join(roots, 'r'))).toBe(false)
    const some = { ...dry, dry_run: false, paths: ['/data/index/a [odd] *name?'] }
    expect(await done(server, some)).toMatchObject({ files_restored: 1 })
    expect(readFileSync(join(roots, 'r/data/index/a [odd] *name?'), 'utf8')).toBe('odd')
    const bytes = Buffer.from('/data/index/names.txt').toString('base64')
    const byBytes = { ...dry, target: join(roots, 'b'), dry_run: false, paths_base64: [bytes] }
    expect(await done(server, byBytes)).toMatchObject({ files_restored: 1 })
    expect(existsSync(join(roots, 'b/data/index/names.txt'))).toBe(true)
    expect(await done(server, { kind: 'export', snapshot })).toMatchObject({
      checksum: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    })
    expect(await done(server, { kind: 'schedule' })).toMatchObject({ done: ['full'] })
    expect(await done(server, { kind: 'cleanup', dry_run: true })).toMatchObject({
      deleted_count: 0,
    })
    expect(await done(server, { kind: 'prune', dry_run: true })).toMatchObject({ dry_run: true })
    expect((await server.send('DELETE', `/api/v1/snapshots/${String(snapshot)}`)).status).toBe(200)
    const forgotten = await json(server.get('/api/v1/snapshots/forgotten'))
    expect(forgotten['items']).toMatchObject([{ id: snapshot }])
    expect(
      (await server.send('POST', `/api/v1/snapshots/${String(snapshot)}/undelete`)).status,
    ).toBe(200)
    const list = await json(server.get('/api/v1/snapshots'))
    expect(list['total']).toBe(2)
  })

  it('copies to a repository of also_to, and back from it', async () => {
    const other = join(scratchFolder(fastFolder), 'other')
    await initRepository({ location: other })
    const server = await startTestServer({
      config: `api: { backup: { paths: { index: data/index/ } } }
holdfast: { also_to: [{ repository: ${other} }] }
`,
    })
    expect(await json(server.get('/api/v1/config'))).toMatchObject({ also_to: [other] })
    // A backup copies itself; what was forgotten there comes by a copy.
    const { snapshot_id: first } = await done(server, { kind: 'create', type: 'full' })
    const there = await openRepository({ location: other })
    await forgetSnapshots(there, listSnapshots(there))
    await there.close()
    const dry = await done(server, { kind: 'copy', to: other, dry_run: true })
    expect(dry).toMatchObject({ copied: 1, present: 0, dry_run: true })
    const named = { kind: 'copy', to: other, snapshots: [first] }
    expect(await done(server, named)).toMatchObject({ copied: 1, damaged_count: 0 })
    expect(await done(server, named)).toMatchObject({ copied: 0, present: 1 })

    await server.send('DELETE', `/api/v1/snapshots/${String(first)}`)
    const back = await done(server, { kind: 'copy', from: other, newer: true })
    expect(back).toMatchObject({ copied: 1 })
    const list = await json(server.get('/api/v1/snapshots'))
    expect(list['total']).toBe(1)

    // Nowhere else, whoever asks; and in one direction at a time.
    for (const body of [
      { kind: 'copy', to: '/srv/elsewhere' },
      { kind: 'copy', from: 's3:https://example.org/b' },
      { kind: 'copy', to: other, from: other },
      { kind: 'copy' },
    ]) {
      const refused = await server.send('POST', '/api/v1/jobs', body)
      expect(refused.status, JSON.stringify(body)).toBe(400)
    }
  })

  it('is refused at once when it can never succeed', async () => {
    const server = await startTestServer()
    const status = async (body: unknown): Promise<number> =>
      (await server.send('POST', '/api/v1/jobs', body)).status
    expect(await status({ kind: 'restore', snapshot: 'abcd1234' })).toBe(404)
    expect(await status({ kind: 'restore', snapshot: '../../etc' })).toBe(400)
    expect(await status({ kind: 'format-disk' })).toBe(400)
    expect(await status({})).toBe(400)
    expect(await status([])).toBe(400)
    expect(await status('create')).toBe(400)
    expect((await server.get('/api/v1/jobs/job_0123456789abcdef')).status).toBe(404)
    expect((await server.get('/api/v1/jobs/1')).status).toBe(400)
  })

  it('is cancelled while it runs and while it waits, and leaves the repository in order', async () => {
    const folder = makeProject()
    mkdirSync(join(folder, 'data/index/large'))
    for (let file = 0; file < 40; file++) {
      writeFileSync(join(folder, `data/index/large/${file}`), randomBytes(4 * 1024 ** 2))
    }
    const server = await startTestServer({ folder })
    const first = await start(server, { kind: 'create' })
    const second = await start(server, { kind: 'create' })
    expect(second['state']).toBe('queued')
    const cancel = (id: unknown): Promise<Json> =>
      json(server.send('POST', `/api/v1/jobs/${String(id)}/cancel`))
    expect(await cancel(second['id'])).toMatchObject({ state: 'cancelled' })
    await cancel(first['id'])
    expect(await ended(server, first['id'])).toMatchObject({
      state: 'cancelled',
      error: { code: 'INTERRUPTED' },
    })
    const check = await done(server, { kind: 'check' })
    expect(check).toMatchObject({ damaged_count: 0 })
  })

  it('is told of as it changes, from the state at the time of asking to its end', async () => {
    const server = await startTestServer()
    const before = await start(server, { kind: 'create' })
    const controller = new AbortController()
    const answer = await fetch(`${server.url}/api/v1/events`, {
      headers: bearer,
      signal: controller.signal,
    })
    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    const seen: Json[] = []
    let lastId = ''
    let text = ''
    const decoder = new TextDecoder()
    for await (const part of answer.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(part, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        lastId = /^id: (\d+)$/m.exec(block)?.[1] ?? lastId
        const data = /^event: job\ndata: (.*)$/m.exec(block)?.[1]
        if (data !== undefined) seen.push(JSON.parse(data) as Json)
      }
      if (seen.at(-1)?.['ended_at'] != null) break
    }
    controller.abort()
    expect(seen.at(-1)).toMatchObject({ id: before['id'], state: 'done' })
    // Who comes back is told what he missed, and nothing when that is nothing.
    const again = await fetch(`${server.url}/api/v1/events`, {
      headers: { ...bearer, 'last-event-id': String(Number(lastId) - 1) },
    })
    const reader = (again.body as ReadableStream<Uint8Array>).getReader()
    let missed = ''
    while (!missed.includes('data:')) missed += decoder.decode((await reader.read()).value)
    expect(missed).toContain(`id: ${lastId}`)
    await reader.cancel()
  })
})

describe('files of a snapshot', () => {
  it('are listed, found, compared and read in parts, whatever their names', async () => {
    const folder = makeProject()
    const raw = Buffer.concat([Buffer.from(join(folder, 'data/index/')), Buffer.from([0xff, 0xfe])])
    writeFileSync(raw, 'raw name')
    writeFileSync(join(folder, 'data/index/page.html'), '<script>alert(1)</script>')
    const server = await startTestServer({ folder })
    const first = (await done(server, { kind: 'create' }))['snapshot_id'] as string
    writeFileSync(join(folder, 'data/index/names.txt'), 'three\n')
    const second = (await done(server, { kind: 'create' }))['snapshot_id'] as string
    const tree = await json(server.get(`/api/v1/snapshots/${first}/tree?path=/data/index&limit=2`))
    expect(tree).toMatchObject({
      path: '/data/index',
      items: [{ name: 'names.txt', kind: 'file' }, { name: 'page.html' }],
    })
    const next = await json(
      server.get(
        `/api/v1/snapshots/${first}/tree?path=/data/index&cursor=${String(tree['next_cursor'])}`,
      ),
    )
    expect(next).toMatchObject({
      items: [{ name: 'vectors.bin' }, { name_base64: '//4=' }],
      next_cursor: null,
    })
    const file = (query: string, headers: Record<string, string> = {}): Promise<Response> =>
      server.get(`/api/v1/snapshots/${first}/file?${query}`, { headers })
    const base64 = encodeURIComponent(
      Buffer.concat([Buffer.from('/data/index/'), Buffer.from([0xff, 0xfe])]).toString('base64'),
    )
    expect(await (await file(`path_base64=${base64}`)).text()).toBe('raw name')
    const page = await file('path=/data/index/page.html')
    expect(page.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toContain('sandbox')
    const download = await file('path=/data/index/page.html&download=1')
    expect(download.headers.get('content-disposition')).toContain(
      'attachment; filename="page.html"',
    )
    const part = await file('path=/data/index/vectors.bin', { range: 'bytes=10-19' })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 10-19/100000'])
    expect(Buffer.from(await part.arrayBuffer())).toEqual(
      Buffer.alloc(100_000, 'vector').subarray(10, 20),
    )
    expect(Buffer.from(await (await file('path=/data/index/vectors.bin')).arrayBuffer())).toEqual(
      Buffer.alloc(100_000, 'vector'),
    )
    expect((await file('path=/data/index/vectors.bin', { range: 'bytes=100000-' })).status).toBe(
      416,
    )
    expect((await file('path=/../../../../etc/passwd')).status).toBe(404)
    expect((await file('path=/etc/passwd')).status).toBe(404)
    expect((await file('path=/data%00')).status).toBe(400)
    expect((await file('path=/data')).status).toBe(404)
    const archive = await server.send('POST', `/api/v1/snapshots/${first}/archive`, {
      paths: ['/data/index/names.txt', '/logs'],
    })
    expect(archive.headers.get('content-disposition')).toContain('.tar.gz"')
    const listed = execFileSync('tar', ['tzf', '-'], {
      input: Buffer.from(await archive.arrayBuffer()),
    })
    expect(
      listed
        .toString()
        .split('\n')
        .filter((name) => !name.endsWith('/'))
        .sort(),
    ).toEqual(['', 'data/index/names.txt', 'logs/cache/entry'])
    const nothing = await server.send('POST', `/api/v1/snapshots/${first}/archive`, {
      paths: ['/x'],
    })
    expect(nothing.status).toBe(404)
    const reading = { headers: { authorization: `Bearer ${readOnlyToken}` } }
    const sent = await server.get(`/api/v1/snapshots/${first}/archive?path=/logs`, reading)
    const names = execFileSync('tar', ['tzf', '-'], {
      input: Buffer.from(await sent.arrayBuffer()),
    })
    expect(names.toString()).toContain('logs/cache/entry\n')
    expect(names.toString()).not.toContain('data/')
    const selection = { ...reading, method: 'POST', body: '{}' }
    expect((await server.get(`/api/v1/snapshots/${first}/archive`, selection)).status).toBe(403)
    const found = await json(server.get('/api/v1/search?q=NAMES'))
    expect(found['items']).toMatchObject([
      { path: '/data/index/names.txt', snapshots: 2, snapshot_ids: [second, first] },
    ])
    const history = await json(server.get('/api/v1/history?path=/data/index/names.txt'))
    expect(history['items']).toMatchObject([
      { snapshot_id: second, size: 6 },
      { snapshot_id: first, size: 8 },
    ])
    const diff = await json(server.get(`/api/v1/diff?from=${first}&to=${second}`))
    expect(diff['items']).toContainEqual(
      expect.objectContaining({
        change: 'modified',
        path: '/data/index/names.txt',
        old_size: 8,
        new_size: 6,
      }),
    )
    const stats = await json(server.get('/api/v1/stats'))
    expect(stats['by_snapshot']).toHaveLength(2)
    expect(await json(server.get(`/api/v1/stats/deletion?ids=${first},${second}`))).toMatchObject({
      snapshots: 2,
    })
    const preview = await json(server.get('/api/v1/retention/preview'))
    expect(preview).toMatchObject({ items: [{ keep: true }, { keep: true }], freed_bytes: 0 })
    expect(await json(server.get('/api/v1/config'))).toMatchObject({ folder })
    expect(await (await server.get('/metrics')).text()).toContain('holdfast_protected')
    const report = await server.get('/api/v1/report?format=html')
    expect(report.headers.get('content-security-policy')).toContain('sandbox')
    expect(await report.text()).toContain('<html')
    expect(await (await server.get('/api/v1/report?format=text')).text()).toContain('Success rate')
    expect(await json(server.get('/api/v1/report'))).toHaveProperty('verdict')
    expect(await json(server.get('/api/v1/overview'))).toMatchObject({ next_runs: [] })
    expect(await json(server.get('/api/v1/alerts'))).toHaveProperty('history')
  })
})
