/** Time as one process sees it; a simulation gives another one. */
export interface Clock {
  /** Milliseconds since 1970; may jump when somebody sets it. */
  nowMs(): number
  /** Milliseconds since any moment; never goes back, and may stand still while the machine sleeps. */
  monotonicMs(): number
  /** Calls `action` again and again, without keeping the process alive. @returns what stops it */
  repeat(everyMs: number, action: () => void): () => void
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  repeat(everyMs, action) {
    const timer = setInterval(action, everyMs)
    timer.unref()
    return () => clearInterval(timer)
  },
}
