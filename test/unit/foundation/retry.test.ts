import { describe, expect, it } from 'vitest'

import { pauseMs, retry } from '../../../src/foundation/retry.ts'

class Passing extends Error {}

const isTransient = (error: unknown): boolean => error instanceof Passing

/** A clock that goes forward by pauses, and by what each try takes. */
function onFakeClock(forMs: number, tryMs: number = 0) {
  let nowMs = 1_000
  const pauses: number[] = []
  return {
    pauses,
    spend: () => (nowMs += tryMs),
    nowMs: () => nowMs - 1_000,
    options: {
      isTransient,
      forMs,
      random: () => 1,
      monotonicMs: () => nowMs,
      pause: async (ms: number) => {
        pauses.push(ms)
        nowMs += ms
      },
    },
  }
}

describe('retry()', () => {
  it('gives what the first try gives that does not fail', async () => {
    const { options, pauses } = onFakeClock(60_000)
    const result = await retry(async (failures) => {
      if (failures < 3) throw new Passing()
      return failures
    }, options)
    expect(result).toBe(3)
    expect(pauses).toEqual([200, 400, 800])
  })

  it('throws at once what does not pass', async () => {
    const { options, pauses } = onFakeClock(60_000)
    const fault = new Error('for ever')
    await expect(retry(() => Promise.reject(fault), options)).rejects.toBe(fault)
    expect(pauses).toEqual([])
  })

  it('throws the last error when its time is over, and begins no try later', async () => {
    const { options, spend, nowMs } = onFakeClock(30_000, 500)
    let tries = 0
    const begunAtMs: number[] = []
    const failing = retry(async () => {
      begunAtMs.push(nowMs())
      spend()
      throw new Passing(`try ${++tries}`)
    }, options)
    const fault: unknown = await failing.catch((error: unknown) => error)
    expect((fault as Error).message).toBe(`try ${tries}`)
    expect(tries).toBeGreaterThan(5)
    expect(Math.max(...begunAtMs)).toBeLessThanOrEqual(30_000)
  })

  it('tries once when there is no time for more', async () => {
    const { options } = onFakeClock(0)
    let tries = 0
    await expect(
      retry(async () => {
        tries++
        throw new Passing()
      }, options),
    ).rejects.toThrow(Passing)
    expect(tries).toBe(1)
  })
})

describe('pauseMs()', () => {
  it('doubles up to ten seconds, and takes any part of that', () => {
    expect([1, 2, 3, 7, 8, 1000].map((failures) => pauseMs(failures, 1))).toEqual([
      200, 400, 800, 10_000, 10_000, 10_000,
    ])
    expect(pauseMs(5, 0)).toBe(0)
    expect(pauseMs(5, 0.5)).toBe(1_600)
  })
})
