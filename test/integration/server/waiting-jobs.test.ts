import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'

import { childScript } from '../../support/built-engine.ts'
import { startTestServer, type TestServer } from '../../support/test-server.ts'

type Json = Record<string, unknown>

/** Another process that prunes, as far as others can see, until its standard input ends. */
async function holdLock(location: string): Promise<{ pid: number; release(): Promise<void> }> {
  const child = spawn(process.execPath, [childScript('hold-lock'), location], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return {
    pid: child.pid ?? 0,
    async release() {
      child.stdin.end()
      await once(child, 'close')
    },
  }
}

async function jobWhere(
  server: TestServer,
  id: unknown,
  holds: (job: Json) => boolean,
): Promise<Json> {
  for (;;) {
    const { items } = (await (await server.get('/api/v1/jobs')).json()) as { items: Json[] }
    const job = items.find((one) => one['id'] === id) ?? {}
    if (holds(job)) return job
    await sleep(50)
  }
}

describe('a job that waits for another process', () => {
  it('says for which, in lists and events, and goes on when that is done', async () => {
    const server = await startTestServer()
    const holder = await holdLock(server.repository.location)
    const events = await server.get('/api/v1/events')
    let told = ''
    const reading = (async () => {
      const decoder = new TextDecoder()
      for await (const part of events.body as unknown as AsyncIterable<Uint8Array>)
        told += decoder.decode(part, { stream: true })
    })().catch(() => undefined)
    const answer = await server.send('POST', '/api/v1/jobs', { kind: 'create' })
    const { id, waiting_for: atFirst } = (await answer.json()) as Json
    expect(atFirst).toBeNull()

    const waiting = await jobWhere(server, id, (job) => job['waiting_for'] !== null)
    expect(waiting).toMatchObject({ state: 'running', error: null })
    const { message, ...facts } = waiting['waiting_for'] as Json
    expect(facts).toEqual({ operation: 'prune', pid: holder.pid, hostname: hostname() })
    expect(message).toContain(`prune by process ${holder.pid} on ${hostname()} holds it`)

    await holder.release()
    const ended = await jobWhere(server, id, (job) => job['ended_at'] !== null)
    expect(ended).toMatchObject({ state: 'done', waiting_for: null })
    await server.stop()
    await reading
    const waits = [...told.matchAll(/^data: (.*)$/gm)]
      .map(([, data]) => JSON.parse(data) as Json)
      .map((job) => [job['state'], (job['waiting_for'] as Json | null)?.['pid']])
    expect(waits).toContainEqual(['running', holder.pid])
    expect(waits.at(-1)).toEqual(['done', undefined])
  }, 60_000)
})
