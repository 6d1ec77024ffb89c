import type { Writable } from 'node:stream'
import { TargetError } from '../../foundation/errors.ts'

/**
 * Writes to a stream at the pace of its reader. Waiting ends when the stream breaks, when its reader goes away, and when the signal says so.
 */
export class ByteSink {
  readonly #output: Writable
  readonly #signal: AbortSignal | undefined
  #failure: unknown
  #wake: (() => void) | undefined

  constructor(output: Writable, signal: AbortSignal | undefined) {
    this.#output = output
    this.#signal = signal
    output.on('error', this.#fail).on('close', this.#close).on('drain', this.#continue)
    signal?.addEventListener('abort', this.#abort)
  }

  /** @throws what the stream broke with; {@link TargetError} when it was closed; the reason of the signal */
  async write(bytes: Buffer): Promise<void> {
    this.#signal?.throwIfAborted()
    this.#throwFailure()
    if (this.#output.write(bytes)) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#throwFailure()
  }

  /** Lets go of the stream, which stays open. */
  release(): void {
    const output = this.#output
    output.off('error', this.#fail).off('close', this.#close).off('drain', this.#continue)
    this.#signal?.removeEventListener('abort', this.#abort)
  }

  readonly #continue = (): void => {
    this.#wake?.()
    this.#wake = undefined
  }

  readonly #fail = (error: unknown): void => {
    this.#failure ??= error
    this.#continue()
  }

  readonly #close = (): void => {
    this.#fail(new TargetError('Cannot write the content: its reader has gone away'))
  }

  readonly #abort = (): void => {
    this.#fail(this.#signal?.reason)
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure
    // Closed before this began to listen.
    if (this.#output.destroyed) this.#close()
    if (this.#failure !== undefined) throw this.#failure
  }
}
