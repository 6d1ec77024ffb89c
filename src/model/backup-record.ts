import type { BackupType } from './snapshot.ts'

/** `created`, `verified`: it can be restored; `failed`: the run made nothing, or damage was found; `expired`: deleted. */
export const backupStatuses = ['created', 'verified', 'failed', 'expired'] as const
export type BackupStatus = (typeof backupStatuses)[number]

/**
 * A backup as the documented system's clients know it: the answer of its endpoints, and, with `"type": "backup"` in front, a line of its
 * history. The names are theirs.
 */
export interface BackupRecord {
  /** `backup_<unix seconds>` */
  readonly backup_id: string
  readonly backup_type: BackupType
  /** Seconds since the epoch, with a fraction. */
  readonly created_at: number
  /** Of the files, not of an archive. */
  readonly size_bytes: number
  readonly file_count: number
  /** MD5 of the archive that it was exported to last, hex; empty when there is none. */
  readonly checksum: string
  readonly status: BackupStatus
  /** `Failed: <why>` of a run that made nothing. */
  readonly description: string
  /** Relative to the project's folder; null where they are too many, or not asked for. */
  readonly files: readonly string[] | null
  readonly metadata: BackupRecordMetadata
}

export interface BackupRecordMetadata {
  /** The archive, or null while there is none. */
  readonly backup_path: string | null
  readonly compression: boolean
  /** Null of a run that made no snapshot. */
  readonly snapshot_id?: string | null
  readonly hostname?: string
  /** Seconds since the epoch, like all times here. */
  readonly ended_at?: number | null
  /** When it came into the storage, by the storage's clock. */
  readonly recorded_at?: number | null
  /** Plaintext bytes that no earlier backup had. */
  readonly data_bytes_added?: number
  /** What the repository grew by. */
  readonly stored_bytes_added?: number
  readonly unreadable?: number
  readonly verified_at?: number | null
  /** When the last verification found damage. */
  readonly damaged_at?: number | null
  readonly deleted_at?: number | null
  /** Why a run failed. */
  readonly error?: string | null
  readonly [more: string]: unknown
}

export const restoreStatuses = ['success', 'failed', 'partial'] as const
export type RestoreStatus = (typeof restoreStatuses)[number]

/** A restore as the documented system's clients know it. */
export interface RestoreRecord {
  /** `restore_<unix seconds>` */
  readonly restore_id: string
  readonly backup_id: string
  /** Seconds since the epoch, with a fraction. */
  readonly restored_at: number
  readonly status: RestoreStatus
  readonly restored_files: readonly string[]
  /** Empty when there was none. */
  readonly error_message: string
  readonly verification_passed: boolean
}
