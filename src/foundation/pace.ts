/** Lets something happen at most so often. */
export class Pace {
  readonly #everyMs: number
  #lastMs = 0

  constructor(everyMs: number) {
    this.#everyMs = everyMs
  }

  /** Whether it is time; if so, the next time is counted from now. */
  isDue(): boolean {
    const nowMs = performance.now()
    if (nowMs - this.#lastMs < this.#everyMs) return false
    this.#lastMs = nowMs
    return true
  }
}
