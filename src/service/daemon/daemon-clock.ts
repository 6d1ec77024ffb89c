/** Time as the daemon sees it; tests give their own, which jumps. */
export interface DaemonClock {
  nowMs(): number
  /** Ends early when the signal does, or somebody wakes it. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export const daemonClock: DaemonClock = {
  nowMs: () => Date.now(),
  wait: (ms, signal) =>
    new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', finish)
        resolve()
      }
      const timer = setTimeout(finish, ms)
      if (signal.aborted) finish()
      else signal.addEventListener('abort', finish, { once: true })
    }),
}
