import { Pace } from '../../foundation/pace.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'

const intervalMs = 100

/** What a copy has done so far. */
export interface CopyCounts {
  /** Regular files that were looked at; those of a directory that was taken as a whole are not counted. */
  files: number
  /** Of them, files that were read and cut anew. */
  filesRead: number
  bytesRead: number
  /** Sizes of all files that are settled, those of taken directories included. */
  bytesDone: number
  lost: number
}

export function newCopyCounts(): CopyCounts {
  return { files: 0, filesRead: 0, bytesRead: 0, bytesDone: 0, lost: 0 }
}

/** Turns counts into progress events, at most ten a second. */
export class CopyProgress {
  readonly counts: CopyCounts = newCopyCounts()
  readonly #onEvent: OnEvent | undefined
  readonly #phase: string
  readonly #total: { readonly files: number; readonly bytes: number }
  /** Of large files on their way, which count when they are settled. */
  #ahead = 0
  readonly #pace = new Pace(intervalMs)

  constructor(
    onEvent: OnEvent | undefined,
    phase: string,
    total: { readonly files: number; readonly bytes: number },
  ) {
    this.#onEvent = onEvent
    this.#phase = phase
    this.#total = total
  }

  /** Bytes of a large file were read that is not settled yet. */
  goAhead(bytes: number): void {
    this.#ahead += bytes
    this.tick()
  }

  settle(bytes: number, aheadBytes: number): void {
    this.counts.bytesDone += bytes
    this.#ahead = Math.max(0, this.#ahead - aheadBytes)
  }

  tick(): void {
    if (this.#onEvent && this.#pace.isDue()) this.#send()
  }

  finish(): void {
    this.#send()
  }

  #send(): void {
    const { files, bytesDone, lost } = this.counts
    const { files: filesTotal, bytes: bytesTotal } = this.#total
    this.#onEvent?.({
      type: 'progress',
      phase: this.#phase,
      filesDone: files,
      filesTotal: Math.max(filesTotal, files),
      bytesDone: Math.min(bytesTotal, bytesDone + this.#ahead),
      bytesTotal,
      errors: lost,
    })
  }
}
