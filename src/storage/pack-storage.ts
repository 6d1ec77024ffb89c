import type { ByteSpan, ObjectRange } from './object-range.ts'
import type { RequestCounts } from './request-counts.ts'
import type { Storage } from './storage.ts'

/**
 * An object that is being written and has no name yet. Its maker writes until `publish` or
 * `discardSync`.
 */
export interface TemporaryFile {
  /** What a message calls it. */
  readonly path: string
}

export interface SweptTemporaries {
  readonly files: number
  readonly bytes: number
}

/**
 * What packs need besides: they are longer than what should lie in memory as one piece, get their
 * name only when they are whole, and are read and written by threads that block.
 */
export interface PackStorage extends Storage {
  /**
   * Fills `target` with the bytes from `offsetBytes`. Blocks the thread.
   *
   * @throws {RepositoryError} as `getRange` rejects.
   */
  readRangeSync(name: string, offsetBytes: number, target: Uint8Array): void

  /**
   * Told what `readRangeSync` will be asked for, in that order as a rule: a storage that is far away fetches it ahead, and what lies near each
   * other at once. A hint; whatever is read besides, or not read after all, is no fault.
   */
  expectRanges(ranges: readonly ObjectRange[]): void

  /**
   * Told that a range came with bytes that cannot be right: nothing that was fetched ahead or is kept near serves any more, so that what is read
   * next comes from the storage itself. Blocks the thread.
   */
  distrustSync(range: ObjectRange): void

  /**
   * What is read through this instance from now on will be read again on other days: a storage that is far away keeps a copy near.
   *
   * @param looksOnly what is near is used, and nothing more is put there
   */
  keepNear(looksOnly?: boolean): void

  /** What was asked of a storage that is far away so far, by all threads of this process; null where a request costs nothing, or nobody can tell. */
  countRequests(): Promise<RequestCounts | null>

  /** Begins an object of which nobody else knows. Blocks the thread. */
  createTemporarySync(): TemporaryFile

  /** Writes all of the bytes, over what is there or at the end. Blocks the thread. */
  writeTemporarySync(file: TemporaryFile, bytes: Uint8Array, offsetBytes: number): void

  /**
   * Reads what was written. Blocks the thread.
   *
   * @returns How many bytes; 0 at the end.
   */
  readTemporarySync(file: TemporaryFile, target: Uint8Array, offsetBytes: number): number

  /** Removes an unfinished object; harmless after `publish`. Never throws. */
  discardSync(file: TemporaryFile): void

  /**
   * Gives a finished object its name without replacing anything. Durable once a later `sync` of the
   * folder has resolved. Equal bytes under the name are success, different ones an
   * `ObjectConflictError`; the unfinished object is gone either way.
   *
   * @param near Parts of it that will be read again on other days, as `keepNear`.
   */
  publish(file: TemporaryFile, name: string, near?: readonly ByteSpan[]): Promise<void>

  /** How many unfinished objects there are, of running writers too. */
  countTemporary(): Promise<SweptTemporaries>

  /**
   * Removes unfinished objects that were last written more than `olderThanMs` ago. Whoever calls it
   * holds a lock, or chooses a time longer than any writer keeps one unfinished.
   */
  sweepTemporary(olderThanMs: number, nowMs?: number): Promise<SweptTemporaries>
}
