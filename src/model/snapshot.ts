import type { SnapshotId } from './ids.ts'

export const backupTypes = ['full', 'incremental', 'index', 'cache', 'config'] as const
export type BackupType = (typeof backupTypes)[number]

export function isBackupType(text: string): text is BackupType {
  return (backupTypes as readonly string[]).includes(text)
}

/** A path as text, or as bytes where the bytes are not UTF-8. */
export type PathText = string | { readonly base64: string }

export interface SnapshotStatistics {
  readonly files: number
  readonly directories: number
  /** Symbolic links, fifos and devices. */
  readonly others: number
  /** Sum of the sizes of the regular files, in bytes. */
  readonly bytes: number
  readonly newFiles: number
  readonly changedFiles: number
  readonly unchangedFiles: number
  readonly dataBlobsAdded: number
  readonly dataBytesAdded: number
  readonly treeBlobsAdded: number
  readonly treeBytesAdded: number
  /** Bytes that the repository's packs grew by, after compression and sealing. */
  readonly storedBytesAdded: number
  readonly unreadable: number
}

export interface UnreadablePath {
  readonly path: PathText
  readonly message: string
}

/** Where a snapshot was made that was copied from there. */
export interface SnapshotOrigin {
  /** 32 hexadecimal digits. */
  readonly repositoryId: string
  readonly snapshotId: string
}

/** What a snapshot object says (docs/FORMAT.md, section 11). */
export interface SnapshotManifest {
  readonly version: 1
  readonly backupId: string
  readonly type: BackupType
  readonly startedAtMs: number
  readonly endedAtMs: number
  /** When it was recorded, by the clock of the storage; null where the storage did not tell. */
  readonly recordedAtMs: number | null
  /** The lease (docs/FORMAT.md, section 13) under which it was made. */
  readonly leaseId: string | null
  readonly hostname: string
  readonly username: string
  readonly base: PathText
  readonly paths: readonly PathText[]
  readonly tree: { readonly id: string; readonly bytes: number }
  readonly parentId: string | null
  /** Journal records of damage that was known when it was made: what they lost was looked for in the sources. */
  readonly knownDamage: readonly string[]
  /** The snapshot that this one stands for without what was lost of it. */
  readonly repairedFrom?: string
  /** The snapshot of another repository of which this one is a copy: the first of all, however often it was copied on. */
  readonly original?: SnapshotOrigin
  readonly description: string
  readonly tags: readonly string[]
  readonly excludes: readonly string[]
  readonly statistics: SnapshotStatistics
  readonly unreadable: readonly UnreadablePath[]
  readonly program: string
}

/** A manifest together with the name of the object that holds it. */
export interface Snapshot extends SnapshotManifest {
  readonly id: SnapshotId
}
