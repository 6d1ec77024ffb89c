/** Long enough that turns cost nothing beside the work between them, short enough that a thread hardly waits for an answer. */
const intervalMs = 1

/** Lets messages in between the steps of long work that waits for nothing by itself. */
export class EventLoopTurns {
  #lastMs = performance.now()

  /** @returns null when there was a turn a moment ago */
  take(): Promise<void> | null {
    if (performance.now() - this.#lastMs < intervalMs) return null
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#lastMs = performance.now()
        resolve()
      })
    })
  }
}
