import { chmodSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'

import { until, workspace, type JsonObject } from '../../e2e/workspace.ts'
import { startCeph } from '../engines/ceph.ts'
import { placeIn } from '../support/s3-repository.ts'

const token = 'token-of-sixteen-0123456789'
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }

it('a server over a bucket makes, copies, shows and counts', async () => {
  const ceph = await startCeph()
  try {
    const [place, other] = [await placeIn(ceph.access), await placeIn(ceph.access)]
    const space = workspace({ HOLDFAST_REPOSITORY: '', HOLDFAST_TOKEN: token })
    space.write('data/index/table.json', '{"rows":3}')
    chmodSync(space.write('s3.key', place.access.secretAccessKey), 0o600)
    space.write(
      'config.yml',
      `repository: ${place.location}\napi: { backup: { paths: { index: data/index } } }\n` +
        `holdfast:\n  s3:\n    access_key_id: ${place.access.accessKeyId}\n` +
        '    secret_access_key_file: s3.key\n',
    )
    space.done(['init'])
    space.done(['init', '--repo', other.location])
    space.done(['create'])
    // Named only now, so that it has missed the backup before.
    const also = `  also_to: [{ repository: "${other.location}" }]\n`
    space.write('config.yml', `${readFileSync(space.at('config.yml'), 'utf8')}${also}`)
    const server = space.start(['serve', '--port', '0'])
    let told = ''
    server.process.stderr?.on('data', (bytes: Buffer) => (told += bytes.toString()))
    server.process.stdout?.on('data', (bytes: Buffer) => (told += bytes.toString()))
    await until(() => /Listening on http\S+/.test(told), 'the server to listen')
    const url = /Listening on (http\S+)/.exec(told)?.[1] ?? ''
    const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
      const answer = await fetch(new URL(path, url), { ...init, headers })
      expect(answer.ok, `${path}: ${answer.status}`).toBe(true)
      return answer
    }
    const json = async (path: string): Promise<JsonObject> =>
      (await (await ask(path)).json()) as JsonObject
    const counter = async (name: string): Promise<number> => {
      const text = await (await ask('/metrics')).text()
      const line = text.split('\n').find((one) => one.startsWith(`${name} `))
      return Number(line?.slice(name.length))
    }
    const done = async (body: object): Promise<JsonObject> => {
      const answer = await ask('/api/v1/jobs', { method: 'POST', body: JSON.stringify(body) })
      const { id } = (await answer.json()) as { id: string }
      for (;;) {
        const job = await json(`/api/v1/jobs/${id}`)
        if (job['ended_at'] !== null) {
          expect(job).toMatchObject({ state: 'done', error: null })
          return job['result'] as JsonObject
        }
        await sleep(50)
      }
    }
    const puts = 'holdfast_store_requests_total{method="put"}'
    expect(await counter(puts)).toBeLessThan(3)

    expect(await done({ kind: 'copy', to: other.location })).toMatchObject({ copied: 1 })
    // A pack, an index object, a snapshot and a lock at least, by the job's process.
    expect(await counter(puts)).toBeGreaterThan(3)
    expect(await counter('holdfast_store_sent_bytes_total')).toBeGreaterThan(500)
    expect(await counter('holdfast_store_received_bytes_total')).toBeGreaterThan(500)
    await done({ kind: 'create', type: 'incremental' })
    expect((await json('/api/v1/snapshots'))['total']).toBe(2)
    for (const kind of ['verify', 'check', 'drill', 'prune', 'cleanup']) await done({ kind })
    const list = (await json('/api/v1/snapshots'))['items'] as { id: string }[]
    const [{ id }] = list
    const file = await ask(`/api/v1/snapshots/${id}/file?path=/data/index/table.json`)
    expect(await file.text()).toBe('{"rows":3}')
    const archive = await ask(`/api/v1/snapshots/${id}/archive?path=/`)
    expect([...new Uint8Array(await archive.arrayBuffer()).subarray(0, 2)]).toEqual([0x1f, 0x8b])
    expect((await json('/admin/backup/status'))['total_backups']).toBe(2)
    server.process.kill('SIGTERM')
    expect((await server.finished).status).toBe(0)
    const there = space.done(['list', '--json', '--repo', other.location]).json()
    expect(there).toHaveLength(2)
  } finally {
    await ceph.remove()
  }
})
