import { Pace } from '../../foundation/pace.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'
import type { WalkCounts } from './walk-counts.ts'

const intervalMs = 100

/** Turns counts into progress events, at most ten a second: the walk calls it far more often. */
export class ProgressReporter {
  readonly #onEvent: OnEvent | undefined
  readonly #counts: WalkCounts
  #expected: { files: number; bytes: number } | undefined
  readonly #pace = new Pace(intervalMs)

  constructor(onEvent: OnEvent | undefined, counts: WalkCounts) {
    this.#onEvent = onEvent
    this.#counts = counts
  }

  /** The parent snapshot's totals are the best guess of this one's, and cost nothing; without them a count made ahead. */
  expect(totals: { readonly files: number; readonly bytes: number } | undefined): void {
    if (totals) this.#expected = { files: totals.files, bytes: totals.bytes }
  }

  tick(): void {
    if (this.#onEvent && this.#pace.isDue()) this.#send()
  }

  finish(): void {
    this.#send()
  }

  #send(): void {
    const { files, bytesDone, unreadable } = this.#counts
    this.#onEvent?.({
      type: 'progress',
      phase: 'saving',
      filesDone: files,
      bytesDone,
      errors: unreadable,
      ...(this.#expected
        ? {
            filesTotal: Math.max(this.#expected.files, files),
            bytesTotal: Math.max(this.#expected.bytes, bytesDone),
          }
        : {}),
    })
  }
}
