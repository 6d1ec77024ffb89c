import { describe, expect, it } from 'vitest'

import { HoldfastError } from '../../../src/foundation/errors.ts'
import { jobHistoryMax, JobQueue, type Job } from '../../../src/service/job-queue.ts'

function gate(): { readonly opened: Promise<void>; open: () => void } {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

const writing = { kind: 'create', title: 'a', access: 'write' } as const

describe('JobQueue', () => {
  it('runs one writing job at a time, and reading ones beside it', async () => {
    const queue = new JobQueue()
    const first = gate()
    const order: string[] = []
    const one = queue.submit({ ...writing, work: () => first.opened.then(() => order.push('one')) })
    const two = queue.submit({ ...writing, work: async () => order.push('two') })
    const read = queue.submit({ ...writing, access: 'read', work: async () => order.push('read') })
    await read.finished
    expect(queue.get(one.job.id)?.state).toBe('running')
    expect(queue.get(two.job.id)?.state).toBe('queued')
    expect(queue.isBusy).toBe(true)
    first.open()
    await two.finished
    expect(order).toEqual(['read', 'one', 'two'])
    expect(queue.isBusy).toBe(false)
  })

  it('goes on after a failure, and tells code and remedy', async () => {
    const queue = new JobQueue()
    const fault = new HoldfastError('PATH_NOT_FOUND', 'Cannot save', { remedy: 'Look' })
    const failing = queue.submit({ ...writing, work: () => Promise.reject(fault) })
    const next = queue.submit({ ...writing, work: async () => 7 })
    await expect(failing.finished).rejects.toBe(fault)
    expect(await next.finished).toBe(7)
    expect(queue.get(failing.job.id)).toMatchObject({
      state: 'failed',
      error: { code: 'PATH_NOT_FOUND', message: 'Cannot save', remedy: 'Look' },
    })
    expect(queue.get(next.job.id)).toMatchObject({ state: 'done', result: 7, error: null })
  })

  it('cancels what runs and what waits', async () => {
    const queue = new JobQueue()
    const until = (signal: AbortSignal): Promise<never> =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stop'))))
    const running = queue.submit({ ...writing, work: ({ signal }) => until(signal) })
    let hasBegun = false
    const waiting = queue.submit({ ...writing, work: async () => (hasBegun = true) })
    expect(queue.cancel(waiting.job.id)).toBe(true)
    await expect(waiting.finished).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(queue.cancel(running.job.id)).toBe(true)
    await expect(running.finished).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(hasBegun).toBe(false)
    expect(queue.list().map(({ state }) => state)).toEqual(['cancelled', 'cancelled'])
    expect(queue.cancel(running.job.id)).toBe(false)
    expect(queue.cancel('nobody')).toBe(undefined)
  })

  it('tells listeners, whose trouble is their own', async () => {
    const queue = new JobQueue()
    const seen: Job[] = []
    queue.subscribe(() => {
      throw new Error('listener')
    })
    const end = queue.subscribe((job) => seen.push(job))
    await queue.submit({
      ...writing,
      work: async ({ onEvent }) => {
        onEvent({ type: 'progress', phase: 'p', filesDone: 3, bytesDone: 4, errors: 0 })
        onEvent({ type: 'notice', message: 'n' })
      },
    }).finished
    expect(seen.map(({ state }) => state)).toContain('running')
    expect(seen.at(-1)).toMatchObject({ state: 'done', progress: { filesDone: 3, message: 'n' } })
    const count = seen.length
    end()
    await queue.submit({ ...writing, work: async () => undefined }).finished
    expect(seen).toHaveLength(count)
  })

  it('remembers only the last jobs, and takes none when it is closed', async () => {
    const queue = new JobQueue()
    for (let count = 0; count < jobHistoryMax + 20; count++) {
      await queue.submit({ ...writing, title: String(count), work: async () => undefined }).finished
    }
    expect(queue.list()).toHaveLength(jobHistoryMax)
    expect(queue.list()[0].title).toBe(String(jobHistoryMax + 19))
    await queue.close()
    expect(() => queue.submit({ ...writing, work: async () => undefined })).toThrow('stopping')
  })
})
