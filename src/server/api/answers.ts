/*
 * What `/api/v1` answers, as far as the dashboard uses it: the server makes these shapes and the pages read them, so that neither can
 * change without the other. A time is null where no calendar has it.
 */

import type { StorageSummary } from '../../monitoring/storage-summary.ts'

export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next_cursor: string | null
  /** Of all pages, where the server knows it. */
  readonly total?: number
}

export interface Session {
  readonly can_write: boolean
  readonly name: string
}

export interface AlertState {
  readonly rule: string
  readonly is_raised: boolean
  readonly since: string | null
  readonly value: number | null
  readonly threshold: number | null
  readonly message: string
}

export interface AlertChange {
  readonly rule: string
  readonly state: 'raised' | 'cleared'
  readonly at: string
  readonly value: number | null
  readonly threshold: number | null
  readonly message: string
}

export interface Alerts {
  readonly items: readonly AlertState[]
  /** Newest first. */
  readonly history: readonly AlertChange[]
}

export interface Freshness {
  readonly type: string
  readonly last_success_at: string | null
  readonly last_attempt_at: string | null
  readonly due_at: string | null
  readonly is_late: boolean
}

export interface Day {
  readonly date: string
  readonly runs: number
  readonly failures: number
  readonly missed: number
  readonly bytes_added: number
}

export interface Overview {
  readonly verdict: {
    readonly is_protected: boolean
    readonly sentence: string
    readonly reasons: readonly string[]
  }
  readonly statistics: {
    readonly total_backups: number
    readonly successful_backups: number
    readonly failed_backups: number
    readonly success_rate: number
    readonly total_size_bytes: number
    readonly total_files: number
    readonly type_breakdown: Readonly<Record<string, number>>
    readonly recent_backups_7d: number
  }
  readonly freshness: readonly Freshness[]
  readonly days: readonly Day[]
  readonly last_drill: {
    readonly at: string
    readonly result: string
    readonly files: number
  } | null
  readonly last_check: { readonly at: string; readonly result: string } | null
  readonly storage: StorageSummary
  readonly alerts: readonly AlertState[]
  readonly next_runs: readonly { readonly kind: string; readonly at: string | null }[]
  readonly repository: {
    readonly id: string
    readonly location: string
    readonly is_encrypted: boolean
  }
}

export interface Snapshot {
  /** Of a failed run there is none. */
  readonly id: string | null
  readonly backup_id: string
  readonly type: string
  readonly status: string
  readonly started_at: string | null
  readonly ended_at: string | null
  readonly hostname: string
  readonly description: string
  readonly tags: readonly string[]
  readonly files: number
  readonly bytes: number
  readonly bytes_added: number
  readonly exclusive_bytes: number | null
  readonly verified_at: string | null
  readonly is_failed_run: boolean
  readonly error: string | null
  readonly paths: readonly string[]
}

export type EntryKind = 'file' | 'directory' | 'symlink' | 'other'

export interface Entry {
  readonly name: string
  /** Where the name is not UTF-8. */
  readonly name_base64: string | null
  readonly kind: EntryKind
  readonly size: number
  readonly mode: number
  readonly mtime: string | null
  readonly link_target: string | null
}

export interface Found {
  readonly path: string
  readonly path_base64: string | null
  readonly snapshot_ids: readonly string[]
  readonly snapshots: number
  readonly size: number
  readonly mtime: string | null
  readonly kind: EntryKind
}

export interface Version {
  readonly snapshot_id: string
  readonly backup_id: string
  readonly at: string | null
  readonly path: string
  readonly path_base64: string | null
  readonly kind: EntryKind
  readonly size: number
  readonly mtime: string | null
  readonly content_id: string | null
  readonly is_rename: boolean
  /** That hold it. */
  readonly snapshots: number
}

export type ChangeKind = 'added' | 'removed' | 'modified' | 'renamed' | 'metadata'

export interface Change {
  readonly change: ChangeKind
  readonly path: string
  readonly path_base64: string | null
  readonly old_path: string | null
  readonly old_size: number | null
  readonly new_size: number | null
  readonly kind: EntryKind
}

export interface ChangeSummary extends Readonly<Record<ChangeKind, number>> {
  /** Of so many changes that not all are listed, how many are: those whose paths come first. */
  readonly listed: number
  readonly bytes_added: number
  readonly bytes_removed: number
}

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

export interface JobProgress {
  readonly phase: string
  readonly files_done: number
  readonly files_total: number | null
  readonly bytes_done: number
  readonly bytes_total: number | null
  /** The newest of what was unreadable, failed or worth knowing. */
  readonly message: string | null
}

/** Who holds the lock of the repository that a job wants. */
export interface LockHolder {
  readonly operation: string
  readonly pid: number
  readonly hostname: string
  /** As the command line says it. */
  readonly message: string
}

export interface JobError {
  readonly error: string
  readonly code: string
  readonly remedy: string
}

export interface Job {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly state: JobState
  readonly created_at: string
  readonly started_at: string | null
  readonly ended_at: string | null
  readonly progress: JobProgress | null
  /** Another process, as long as the job waits for it. */
  readonly waiting_for: LockHolder | null
  readonly result: Readonly<Record<string, unknown>> | null
  readonly error: JobError | null
  readonly requested_by: string
}

/** A deleted snapshot whose data is still there. */
export interface Forgotten {
  readonly id: string
  readonly backup_id: string
  readonly type: string
  readonly started_at: string | null
  readonly description: string
  readonly hostname: string
  readonly files: number
  readonly bytes: number
  readonly paths: readonly string[]
  readonly forgotten_at: string | null
  readonly expires_at: string | null
}

export interface RetentionPreview {
  readonly items: readonly RetentionItem[]
  /** Null as long as it is being computed. */
  readonly freed_bytes: number | null
  readonly is_computing: boolean
}

export interface RetentionItem {
  readonly backup_id: string
  readonly id: string
  readonly type: string
  readonly started_at: string | null
  readonly keep: boolean
  readonly reasons: readonly string[]
}

export interface SpaceStatistics {
  readonly snapshots: number
  readonly source_bytes: number
  readonly unique_bytes: number
  readonly needed_bytes: number
  readonly unused_bytes: number
  readonly stored_bytes: number
  readonly dedup_ratio: number | null
  readonly compression_ratio: number | null
  /** False when folders are lost, so that something that is needed may be missing here. */
  readonly is_complete: boolean
  readonly by_type: readonly (SpaceUse & { readonly type: string; readonly snapshots: number })[]
  readonly by_snapshot: readonly (SpaceUse & { readonly id: string; readonly backup_id: string })[]
  readonly by_folder: readonly FolderSpace[]
}

export interface SpaceUse {
  readonly exclusive_bytes: number
  readonly shared_bytes: number
}

export interface FolderSpace {
  /** Null for the many that are left. */
  readonly path: string | null
  readonly bytes: number
  readonly stored_bytes: number
  readonly exclusive_bytes: number
}

export interface RestoreRecord {
  readonly restore_id: string
  readonly backup_id: string
  readonly restored_at: string | null
  readonly status: string
  readonly restored_files: readonly string[]
  readonly error_message: string
  readonly verification_passed: boolean
}

export interface AccessRecord {
  readonly at: string | null
  readonly action: string
  readonly target: string
  readonly result: string
  readonly message: string
  /** Of failed logins, which are counted for a while before they are written down. */
  readonly count: number
  readonly actor: {
    readonly via: string
    readonly user: string
    readonly hostname: string | null
    readonly address: string | null
  }
}
