import { describe, expect, it } from 'vitest'

import { ByteRate } from '../../../../src/storage/s3/byte-rate.ts'

const bytesPerSecond = 1_000_000

/** A rate on a clock that goes forward only by its own pauses, and by what is asked of it. */
function onFakeClock(): { rate: ByteRate; nowMs: () => number; pass: (ms: number) => void } {
  let nowMs = 5_000
  const rate = new ByteRate(
    bytesPerSecond,
    () => nowMs,
    async (ms) => {
      nowMs += ms
    },
  )
  return { rate, nowMs: () => nowMs, pass: (ms) => (nowMs += ms) }
}

async function takeMany(rate: ByteRate, pieces: number, bytes: number): Promise<void> {
  for (let piece = 0; piece < pieces; piece++) await rate.take(bytes)
}

describe('ByteRate', () => {
  it('lets a second of bytes through in a second', async () => {
    const { rate, nowMs } = onFakeClock()
    const startMs = nowMs()
    await takeMany(rate, 100, 10_000)
    expect(nowMs() - startMs).toBeCloseTo(1000, 5)
  })

  it('gives after a pause no more at once than a tenth of a second has', async () => {
    const { rate, nowMs, pass } = onFakeClock()
    await rate.take(1)
    pass(3_600_000)
    const startMs = nowMs()
    await rate.take(100_000)
    expect(nowMs() - startMs).toBe(0)
    await rate.take(50_000)
    expect(nowMs() - startMs).toBeCloseTo(50, 5)
  })

  it('does not make up for what was used slowly', async () => {
    const { rate, nowMs, pass } = onFakeClock()
    for (let second = 0; second < 10; second++) {
      await rate.take(1000)
      pass(1000)
    }
    const startMs = nowMs()
    await takeMany(rate, 10, 100_000)
    expect(nowMs() - startMs).toBeCloseTo(900, 5)
  })

  it('is shared by all who take at the same time, in real time', async () => {
    const rate = new ByteRate(200_000)
    const startMs = performance.now()
    await Promise.all(Array.from({ length: 8 }, () => takeMany(rate, 5, 2_000)))
    const ms = performance.now() - startMs
    // 80,000 bytes; the machine may be busy, but never faster.
    expect(ms).toBeGreaterThan(395)
  })
})
