import type { JobKind } from '../schedule/job-kinds.ts'

const firstMs = 5 * 60_000
const mostMs = 4 * 60 * 60_000

/** When a job that failed is tried again: after five minutes, then after twice as long each time, at most four hours. */
export class RetryTimes {
  readonly #failures = new Map<JobKind, { readonly count: number; readonly atMs: number }>()

  fail(kind: JobKind, nowMs: number): number {
    const count = (this.#failures.get(kind)?.count ?? 0) + 1
    const atMs = nowMs + this.#pauseMs(count)
    this.#failures.set(kind, { count, atMs })
    return atMs
  }

  succeed(kind: JobKind): void {
    this.#failures.delete(kind)
  }

  /** A clock that was set back does not make anybody wait longer than the pause. */
  mayRun(kind: JobKind, nowMs: number): boolean {
    const failure = this.#failures.get(kind)
    if (failure === undefined) return true
    return nowMs >= failure.atMs || nowMs < failure.atMs - this.#pauseMs(failure.count)
  }

  #pauseMs(count: number): number {
    return Math.min(firstMs * 2 ** (count - 1), mostMs)
  }
}
