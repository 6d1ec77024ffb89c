import { setTimeout as sleep } from 'node:timers/promises'

export interface RetryOptions {
  /** Whether another try may end better. */
  readonly isTransient: (error: unknown) => boolean
  /** No try begins later than so long after the first. */
  readonly forMs: number
  /** Between 0 and 1. */
  readonly random?: () => number
  readonly monotonicMs?: () => number
  readonly pause?: (ms: number) => Promise<unknown>
}

const firstPauseMs = 100
const pauseMsMax = 10_000

/**
 * The pause before a try: anything up to a span that doubles each time, so that many who failed together do not come back together
 * ("full jitter": Marc Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015).
 *
 * @param failures tries that have failed so far, from 1
 */
export function pauseMs(failures: number, random: number): number {
  return random * Math.min(pauseMsMax, firstPauseMs * 2 ** Math.min(failures, 16))
}

/**
 * Does something again for as long as it fails in a way that may pass.
 *
 * @param work is told how many tries have failed so far
 * @throws the last error
 */
export async function retry<Result>(
  work: (failures: number) => Promise<Result>,
  options: RetryOptions,
): Promise<Result> {
  const { isTransient, forMs } = options
  const random = options.random ?? Math.random
  const monotonicMs = options.monotonicMs ?? (() => performance.now())
  const pause = options.pause ?? sleep
  const giveUpAtMs = monotonicMs() + forMs
  for (let failures = 0; ;) {
    try {
      return await work(failures)
    } catch (error) {
      failures += 1
      if (!isTransient(error)) throw error
      const ms = pauseMs(failures, random())
      if (monotonicMs() + ms > giveUpAtMs) throw error
      await pause(ms)
    }
  }
}
