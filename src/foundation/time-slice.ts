import { setImmediate } from 'node:timers/promises'

/** Lets long work in one thread make room for other work every so many milliseconds: `if (slice.isOver) await slice.pause()`, so that nothing is awaited in between. */
export class TimeSlice {
  readonly #ms: number
  #begunMs = performance.now()

  constructor(ms: number) {
    this.#ms = ms
  }

  get isOver(): boolean {
    return performance.now() - this.#begunMs > this.#ms
  }

  async pause(): Promise<void> {
    await setImmediate()
    this.#begunMs = performance.now()
  }
}
