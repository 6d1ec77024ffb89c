import type { Readable } from 'node:stream'
import type { OnEvent } from '../../foundation/progress-event.ts'
import type { BackupType, Snapshot } from '../../model/snapshot.ts'

export interface SnapshotOptions {
  /** What to save: absolute, or relative to the working folder; bytes or text. */
  readonly paths: readonly (string | Buffer)[]
  /**
   * Absolute path of the folder that names in the snapshot are relative to; every path must lie below it. Default `/`.
   */
  readonly base?: string
  /** Default: `incremental` when a parent snapshot was found and trusted, else `full`. */
  readonly type?: BackupType
  readonly description?: string
  readonly tags?: readonly string[]
  readonly hostname?: string
  /** Patterns with .gitignore's meaning, matched against paths below the base. */
  readonly excludes?: readonly string[]
  /** Leave out what lies in folders with a valid CACHEDIR.TAG. */
  readonly excludeCaches?: boolean
  /** `name` or `name:header`: leave out what lies in folders that hold such a file. */
  readonly excludeIfPresent?: readonly string[]
  readonly excludeLargerThanBytes?: number
  readonly oneFileSystem?: boolean
  /** Look and count, store nothing. */
  readonly dryRun?: boolean
  /** Read every file, also those that look unchanged. */
  readonly readAll?: boolean
  /** Snapshot to compare with, instead of the newest one of this host and these paths. */
  readonly parent?: Snapshot
  /** A path that is not there is worth a notice and nothing more, as long as another one is. */
  readonly toleratesMissing?: boolean
  /** Save this stream as a file of that name instead of paths. */
  readonly stdin?: { readonly stream: Readable; readonly name: string }
  /** Count the sources before the first backup of them, so that progress has totals; later ones go by the parent's. */
  readonly estimate?: boolean
  readonly signal?: AbortSignal
  readonly onEvent?: OnEvent
}

export interface SnapshotResult {
  /** Null on a dry run. */
  readonly snapshot: Snapshot | null
  readonly statistics: Snapshot['statistics']
  readonly parent: Snapshot | null
  readonly unreadable: number
  /** Paths that were given and are not there. */
  readonly missing: number
  /** Files that changed or vanished meanwhile, sockets passed over. */
  readonly notices: number
  readonly durationMs: number
}
