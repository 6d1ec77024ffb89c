import { setTimeout as sleep } from 'node:timers/promises'

/** Bytes that may go at once after a pause: smooth, and one buffer of a socket at a time. */
const burstMs = 100

/**
 * Lets so many bytes through in a second, for all who share it ("token bucket": what is not used is saved up to a burst; who takes more
 * than there is waits until it has come).
 */
export class ByteRate {
  readonly #bytesPerMs: number
  readonly #monotonicMs: () => number
  readonly #pause: (ms: number) => Promise<unknown>
  /** When all that was taken so far has come in. */
  #paidUntilMs: number

  constructor(
    bytesPerSecond: number,
    monotonicMs: () => number = () => performance.now(),
    pause: (ms: number) => Promise<unknown> = sleep,
  ) {
    this.#bytesPerMs = bytesPerSecond / 1000
    this.#monotonicMs = monotonicMs
    this.#pause = pause
    this.#paidUntilMs = monotonicMs()
  }

  /** Resolves when so many bytes may go. */
  async take(bytes: number): Promise<void> {
    const nowMs = this.#monotonicMs()
    this.#paidUntilMs = Math.max(this.#paidUntilMs, nowMs - burstMs) + bytes / this.#bytesPerMs
    const waitMs = this.#paidUntilMs - nowMs
    if (waitMs > 0) await this.#pause(waitMs)
  }
}
