import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import type * as WorkerPoolModule from '../../../src/workers/worker-pool.ts'
import { childScript, engine, engineModule } from '../../support/built-engine.ts'
import type * as EchoModule from '../../support/children/echo-worker.ts'
import { scratchFolder } from '../../support/scratch.ts'

const { WorkerPool, defaultThreadCount } =
  await engineModule<typeof WorkerPoolModule>('workers/worker-pool')
const { createEchoWorker, echoName, echoUrl } = (await import(
  pathToFileURL(childScript('echo-worker')).href
)) as typeof EchoModule

type Pool = WorkerPoolModule.WorkerPool<
  EchoModule.EchoSetup,
  EchoModule.EchoRequest,
  EchoModule.EchoReply,
  string
>

function newPool(
  threads: number,
  setup: Partial<EchoModule.EchoSetup> = {},
): { pool: Pool; notes: string[] } {
  const notes: string[] = []
  const pool: Pool = new WorkerPool({
    name: echoName,
    entryUrl: echoUrl,
    factory: createEchoWorker,
    setup: { prefix: '>', ...setup },
    threads,
    onNote: (note) => notes.push(note),
  })
  onTestFinished(() => pool.terminate().catch(() => undefined))
  return { pool, notes }
}

const kinds = [{ threads: 0 }, { threads: 1 }, { threads: 3 }]

describe.each(kinds)('WorkerPool with $threads threads', ({ threads }) => {
  it('answers every request with its own reply', async () => {
    const { pool } = newPool(threads)
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        pool.submit({ do: 'echo', text: String(index), waitMs: index % 3 }),
      ),
    )
    expect(replies.map(({ text }) => text)).toEqual(
      Array.from({ length: 40 }, (_, index) => `>${index}`),
    )
    expect(pool.startedWorkers).toBe(Math.max(1, threads))
    await pool.close()
  })

  it('starts threads before there is a request, never more than it may use', async () => {
    const { pool } = newPool(threads)
    pool.startThreads(2)
    expect(pool.startedWorkers).toBe(Math.min(2, threads))
    pool.startThreads(100)
    expect(pool.startedWorkers).toBe(threads)
    const reply = await pool.submit({ do: 'echo', text: 'a', waitMs: 0 })
    expect(reply.text).toBe('>a')
    expect(pool.startedWorkers).toBe(Math.max(1, threads))
    await pool.close()
  })

  it('hands over bytes, whoever they belonged to', async () => {
    const { pool } = newPool(threads)
    const bytes = new Uint8Array([1, 2, 3])
    const reply = await pool.submit({ do: 'bytes', bytes }, [bytes.buffer])
    expect([...reply.bytes]).toEqual([254, 253, 252])
    await pool.close()
  })

  it('passes notes on before the reply that follows them', async () => {
    const { pool, notes } = newPool(threads)
    await pool.submit({ do: 'note', text: 'one' })
    expect(notes).toEqual(['one'])
    await pool.broadcast({ do: 'note', text: 'all' })
    expect(notes).toEqual(['one', 'all'])
    await pool.close()
  })

  it.each([
    ['damage', 'DamageError', 'OBJECT_DAMAGED'],
    ['repository', 'RepositoryError', 'STORAGE_FULL'],
    ['source', 'SourceError', 'SOURCE_UNREADABLE'],
    ['holdfast', 'HoldfastError', 'USAGE'],
  ] as const)('keeps the class of an error: %s', async (how, name, code) => {
    const { pool } = newPool(threads)
    const failure: unknown = await pool.submit({ do: 'fail', how }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(engine[name])
    expect(failure).toMatchObject({ name, code })
    if (how === 'damage') expect(failure).toMatchObject({ facts: { offset: 5 } })
    if (how === 'repository') {
      expect(failure).toMatchObject({ remedy: 'free space', cause: { message: 'ENOSPC' } })
    }
    // The worker goes on.
    expect((await pool.submit({ do: 'echo', text: 'x' })).text).toBe('>x')
    await pool.close()
  })

  it('gives requests and errors their order when one fails in the middle', async () => {
    const { pool } = newPool(threads)
    const results = await Promise.allSettled([
      pool.submit({ do: 'echo', text: 'a' }),
      pool.submit({ do: 'fail', how: 'plain' }),
      pool.submit({ do: 'echo', text: 'b' }),
      pool.submit({ do: 'fail', how: 'text' }),
    ])
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
    ])
    await pool.close()
  })

  it('has room for four requests at each worker, and tells when there is room again', async () => {
    const { pool } = newPool(threads)
    const slow = Array.from({ length: Math.max(1, threads) * 4 }, () =>
      pool.submit({ do: 'echo', text: 'slow', waitMs: 50 }),
    )
    expect(pool.hasRoom).toBe(false)
    let isThere = false
    const waiting = pool.room().then(() => (isThere = true))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(isThere).toBe(false)
    await waiting
    expect(pool.hasRoom).toBe(true)
    await Promise.all(slow)
    await pool.close()
  })

  it('lets each worker tidy up when it is closed', async () => {
    const closedFile = join(scratchFolder(), 'closed')
    const { pool } = newPool(threads, { closedFile })
    const last = pool.submit({ do: 'echo', text: 'last', waitMs: 20 })
    await pool.close()
    expect((await last).text).toBe('>last')
    expect(existsSync(closedFile)).toBe(true)
    expect(pool.startedWorkers).toBe(0)
  })
})

describe('WorkerPool', () => {
  it('starts no thread before there is work, and no more than there is work for', async () => {
    const { pool } = newPool(3)
    expect(pool.startedWorkers).toBe(0)
    await pool.submit({ do: 'echo', text: 'a' })
    await pool.submit({ do: 'echo', text: 'b' })
    expect(pool.startedWorkers).toBe(1)
    await pool.close()
  })

  it.each(['exit', 'throw', 'reject'] as const)(
    'reports a thread that dies within seconds (%s), to everybody who waits and to whoever comes later',
    async (how) => {
      const { pool } = newPool(1)
      await pool.submit({ do: 'echo', text: 'alive' })
      const startedAtMs = performance.now()
      const results = await Promise.allSettled([
        pool.submit({ do: 'die', how }),
        pool.submit({ do: 'echo', text: 'behind it' }),
      ])
      for (const result of results) {
        expect(result).toMatchObject({ status: 'rejected', reason: { code: 'WORKER_FAILED' } })
      }
      expect(performance.now() - startedAtMs).toBeLessThan(3000)
      await expect(pool.submit({ do: 'echo', text: 'later' })).rejects.toMatchObject({
        code: 'WORKER_FAILED',
      })
      await expect(pool.broadcast({ do: 'note', text: 'x' })).rejects.toMatchObject({
        code: 'WORKER_FAILED',
      })
      // Neither way of ending waits for it.
      await pool.close()
      await pool.terminate()
    },
  )

  it('gives a request to the one of two that was given its own longer ago', async () => {
    const { pool } = newPool(2)
    const echo = (text: string, waitMs: number): Promise<EchoModule.EchoReply> =>
      pool.submit({ do: 'echo', text, waitMs })
    const first = echo('on the first', 0)
    const onSecond = echo('on the second, for long', 300)
    const { thread } = await first
    const onFirst = echo('on the first again', 300)
    const last = await echo('last', 0)
    expect((await onFirst).thread).toBe(thread)
    expect(last.thread).toBe((await onSecond).thread)
    await pool.close()
  })

  it('tells why a worker could not begin', async () => {
    const { pool } = newPool(1, { isBroken: true })
    await expect(pool.submit({ do: 'echo', text: 'x' })).rejects.toMatchObject({
      code: 'CATALOGUE_FAILED',
      message: 'no catalogue',
    })
    await pool.close()
  })

  it('ends at once when it is told to, whatever a thread is doing', async () => {
    const { pool } = newPool(1)
    await pool.submit({ do: 'echo', text: 'x' })
    const slow = pool.submit({ do: 'echo', text: 'slow', waitMs: 60_000 })
    const failing = slow.catch((error: unknown) => error)
    const startedAtMs = performance.now()
    await pool.terminate()
    expect(await failing).toMatchObject({ code: 'WORKER_FAILED' })
    expect(performance.now() - startedAtMs).toBeLessThan(3000)
  })

  it.each([
    ['0', 0],
    ['3', 3],
    ['64', 64],
  ])('uses as many threads as HOLDFAST_THREADS=%s says', (text, count) => {
    const before = process.env['HOLDFAST_THREADS']
    process.env['HOLDFAST_THREADS'] = text
    expect(defaultThreadCount()).toBe(count)
    process.env['HOLDFAST_THREADS'] = 'many'
    expect(defaultThreadCount()).toBeGreaterThan(0)
    if (before === undefined) delete process.env['HOLDFAST_THREADS']
    else process.env['HOLDFAST_THREADS'] = before
  })
})
