import type { ExcludeRules } from '../../filesystem/scan/exclude-rules.ts'
import type { ExclusionMarker } from './exclusion-marker.ts'
import type { ReadBatch } from './read-batch.ts'

export interface WalkRules {
  readonly excludes: ExcludeRules
  readonly markers: readonly ExclusionMarker[]
  /** Regular files above this size are left out; `Infinity` for none. */
  readonly fileBytesMax: number
  readonly oneFileSystem: boolean
  /** Trust nothing: read every file. */
  readonly readAll: boolean
  /** `device:inode` of directories that are never saved: the repository itself. */
  readonly forbidden: ReadonlySet<string>
}

/** Where the walk reports to. Paths are below the base, with a leading slash. */
export interface WalkObserver {
  /** A source that could not be read and is not in the snapshot. */
  onUnreadable(path: Buffer, reason: string): void
  /** Something worth knowing that lost nothing: a file vanished or changed while it was read, a socket was passed over. */
  onNotice(path: Buffer, message: string): void
  onProgress(): void
}

export interface WalkOutput {
  readonly storeTree: (bytes: Buffer) => Buffer
  /**
   * Reads files; resolves with their results. Null on a dry run.
   *
   * @param isOnly whether this batch is all that the run has to read
   */
  readonly readBatch: ((batch: ReadBatch, isOnly: boolean) => Promise<Buffer>) | null
  /** Files from here on have a batch of their own: small ones must not wait until a large one is stored. */
  readonly ownBatchBytesMin: number
  /** Null, or resolves when messages that wait for the walk's thread have been answered. */
  readonly turn: () => Promise<void> | null
  /** Resolves when another batch may be given out. */
  readonly room: () => Promise<void>
}
