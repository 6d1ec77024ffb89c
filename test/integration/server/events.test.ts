import { connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { setTimeout as sleep } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, onTestFinished } from 'vitest'

import {
  bearer,
  startTestServer,
  type TestServer,
  type TestServerOptions,
} from '../../support/test-server.ts'

type Json = Record<string, unknown>

/** A follower, on a connection of its own. */
interface Follower {
  readonly status: number
  readonly answer: Response
  /** Everything that came so far. */
  text(): string
  readonly isOver: Promise<void>
  leave(): Promise<void>
}

async function follow(
  server: TestServer,
  path: string = '/api/v1/events',
  headers: Record<string, string> = {},
): Promise<Follower> {
  const controller = new AbortController()
  onTestFinished(() => controller.abort())
  const answer = await server.get(path, { headers, signal: controller.signal })
  let text = ''
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder()
    for await (const part of answer.body as unknown as AsyncIterable<Uint8Array>)
      text += decoder.decode(part, { stream: true })
  }
  const isOver = answer.status === 200 ? read().catch(() => undefined) : Promise.resolve()
  return {
    status: answer.status,
    answer,
    text: () => text,
    isOver,
    async leave() {
      controller.abort()
      await isOver
    },
  }
}

/** A follower that asks and then reads nothing; what comes stays in the buffers of the system. */
function followBlindly(server: TestServer): Socket {
  const socket = connect(server.port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => undefined)
  socket.write(
    `GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\nauthorization: ${bearer.authorization}\r\n\r\n`,
  )
  return socket
}

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const giveUpAtMs = performance.now() + 20_000
  while (!(await holds())) {
    if (performance.now() > giveUpAtMs) throw new Error(`waited in vain: ${what}`)
    await sleep(20)
  }
}

/** Jobs end at once, as where there is no room for them: each is told of three times. */
const endingAtOnce: TestServerOptions = { mayRunJob: () => false, writeLog: () => undefined }

async function startJob(server: TestServer): Promise<Json> {
  const answer = await server.send('POST', '/api/v1/jobs', { kind: 'verify' })
  expect(answer.status).toBe(202)
  return (await answer.json()) as Json
}

/** Jobs with results of 100 kB, as of a check that found much damage. */
const talkative: TestServerOptions = {
  runJob: () => Promise.resolve({ state: 'done', result: { damaged: 'x'.repeat(100_000) } }),
  writeLog: () => undefined,
}

/** @returns their ids, when all have ended */
async function runJobs(server: TestServer, count: number): Promise<string[]> {
  const ids: string[] = []
  while (ids.length < count) {
    const id = String((await startJob(server))['id'])
    ids.push(id)
    await until(async () => {
      const job = (await (await server.get(`/api/v1/jobs/${id}`)).json()) as Json
      return job['ended_at'] !== null
    }, 'the end of a job')
  }
  return ids
}

const endOf = (job: Json): RegExp =>
  new RegExp(`^data: .*"id":"${String(job['id'])}".*"state":"failed"`, 'm')

describe('who follows events', () => {
  it('gets a sign of life as long as nothing happens', async () => {
    const server = await startTestServer({ heartbeatMs: 40 })
    const follower = await follow(server)
    const beats = 12
    const all = `retry: 2000\n\n${': still here\n\n'.repeat(beats)}`
    const startedMs = performance.now()
    // Three times as many as a follower is cut off after.
    await until(() => follower.text().length >= all.length, 'signs of life')
    expect(performance.now() - startedMs).toBeGreaterThan(40 * (beats - 1) * 0.9)
    expect(follower.text().slice(0, all.length)).toBe(all)
    await follower.leave()
  })

  it('is one of a hundred at most; one more is told so, and gets the place of the next that leaves', async () => {
    const server = await startTestServer(endingAtOnce)
    const followers = await Promise.all(Array.from({ length: 100 }, () => follow(server)))
    expect(new Set(followers.map(({ status }) => status))).toEqual(new Set([200]))
    const { status, answer } = await follow(server)
    expect(status).toBe(503)
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(answer.headers.get('retry-after')).toBe('30')
    expect(await answer.json()).toMatchObject({
      code: 'TOO_MANY_CONNECTIONS',
      remedy: expect.stringContaining('/api/v1/jobs') as string,
    })
    // Everything else is answered, and all who follow are told.
    const job = await startJob(server)
    for (const each of followers) {
      await until(() => endOf(job).test(each.text()), 'each to hear of the end')
    }
    await followers[42].leave()
    await until(async () => (await follow(server)).status === 200, 'the place to be free')
  })

  it('takes no place with HEAD, nor when he is gone before he is answered', async () => {
    const server = await startTestServer(endingAtOnce)
    for (let count = 0; count < 120; count++) {
      const answer = await server.get('/api/v1/events', { method: 'HEAD' })
      expect(answer.status).toBe(200)
    }
    const sockets = Array.from({ length: 120 }, () => followBlindly(server))
    await Promise.all(
      sockets.map(async (socket, index) => {
        await new Promise((resolve) => socket.once('connect', resolve))
        if (index % 2 === 0) await sleep(index / 10)
        socket.resetAndDestroy()
      }),
    )
    await until(async () => {
      const followers = await Promise.all(Array.from({ length: 100 }, () => follow(server)))
      const isFree = followers.every(({ status }) => status === 200)
      await Promise.all(followers.map(({ leave }) => leave()))
      return isFree
    }, 'all hundred places to be free')
  })

  it('who does not read is cut off after four signs of life, and others are told everything meanwhile', async () => {
    const server = await startTestServer({ ...talkative, heartbeatMs: 250 })
    const blind = followBlindly(server)
    const reader = await follow(server)
    const startedMs = performance.now()
    // More than the system keeps for a connection, so that the server has to hold on to it.
    const ids = await runJobs(server, 90)
    const last = ids.at(-1) ?? ''
    const told = (): string[] =>
      [...reader.text().matchAll(/"id":"(job_\w+)"[^x\n]*"state":"done"/g)].map(([, id]) => id)
    await until(() => told().at(-1) === last, 'the reader to hear of the last end')
    expect(new Set(told()).size).toBe(ids.length)
    await sleep(Math.max(0, 2500 - (performance.now() - startedMs)))
    let got = ''
    blind.setEncoding('latin1').on('data', (part: string) => (got += part))
    await new Promise((resolve) => blind.once('close', resolve))
    expect(got).toMatch(/^HTTP\/1\.1 200 OK/)
    expect(got).not.toContain(last)
    // Who comes back is told the rest.
    const lastId = [...got.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1] ?? ''
    const again = await follow(server, '/api/v1/events', { 'last-event-id': lastId })
    await until(() => again.text().includes(last), 'the rest')
  }, 60_000)

  it('who does not read costs next to no memory', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const usedBytes = (): number => {
      collect()
      const { heapUsed, arrayBuffers } = process.memoryUsage()
      return heapUsed + arrayBuffers
    }
    const server = await startTestServer(talkative)
    for (let count = 0; count < 20; count++) followBlindly(server)
    const beforeBytes = usedBytes()
    await runJobs(server, 100)
    // The jobs themselves are 10 MB; what the system does not take of them for one connection is 5 MB or more.
    expect(usedBytes() - beforeBytes).toBeLessThan(40 * 1024 * 1024)
  }, 60_000)

  it('is told all jobs anew with an id that another start of the server gave', async () => {
    const before = await startTestServer(endingAtOnce)
    await startJob(before)
    const first = await follow(before)
    await until(() => /^id: \d+$/m.test(first.text()), 'an id')
    const lastId = /^id: (\d+)$/m.exec(first.text())?.[1] ?? ''
    await before.stop()
    const { folder, repository } = before
    const after = await startTestServer({ ...endingAtOnce, folder, repository })
    const jobs = await Promise.all(Array.from({ length: 5 }, () => startJob(after)))
    const again = await follow(after, '/api/v1/events', { 'last-event-id': lastId })
    for (const job of jobs) await until(() => endOf(job).test(again.text()), 'every job')
  })
})

describe('who follows one job', () => {
  it('is told of it alone, to its end, and at once when that was before', async () => {
    const server = await startTestServer()
    const job = await startJob(server)
    const path = `/api/v1/jobs/${String(job['id'])}/events`
    const follower = await follow(server, path)
    const other = await startJob(server)
    await follower.isOver
    expect(follower.text()).toMatch(/"state":"(?:done|failed)"/)
    expect(follower.text()).not.toContain(String(other['id']))
    const late = await follow(server, path)
    await late.isOver
    expect(late.text().match(/^event: job$/gm)).toHaveLength(1)
    const lastId = /^id: (\d+)$/m.exec(late.text())?.[1] ?? ''
    const again = await follow(server, path, { 'last-event-id': lastId })
    await again.isOver
    expect(again.text()).not.toContain('event: job')
  })
})
