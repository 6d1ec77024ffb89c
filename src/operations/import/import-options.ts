import type { Actor } from '../../model/actor.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'
import type { BackupType } from '../../model/snapshot.ts'

export interface ImportOptions {
  /** Archives, and folders of them; absolute. */
  readonly paths: readonly string[]
  /** The documented system's `backup_history.jsonl`, absolute. */
  readonly historyFile?: string | undefined
  /** Absolute folder that names in the archives are relative to: where a restore without a target brings them. */
  readonly base: string
  /** Read everything, store nothing. */
  readonly dryRun?: boolean | undefined
  /** An archive with more members is refused; default 5,000,000. */
  readonly entriesMax?: number | undefined
  /** One that unpacks to more is refused; default 200 times its own length, and at least 16 GiB. */
  readonly bytesMax?: number | undefined
  readonly actor: Actor
  readonly signal?: AbortSignal
  readonly onEvent?: OnEvent
}

/**
 * `imported`: there is a snapshot of it now (on a dry run: there would be). `present`: its backup id is there already. `refused`: it is damaged, hostile, too
 * large or unreadable. `failed run`: the history says that the run failed, so that nothing is in it.
 */
export type ImportOutcome = 'imported' | 'present' | 'refused' | 'failed run'

export interface ImportedArchive {
  /** Absolute path. */
  readonly archive: string
  readonly outcome: ImportOutcome
  readonly backupId: string | null
  readonly snapshotId: string | null
  readonly type: BackupType | null
  readonly startedAtMs: number | null
  readonly files: number
  readonly bytes: number
  /** The history says that it was verified, and its checksum proved right. */
  readonly isVerified: boolean
  /** Why it was refused; empty else. */
  readonly message: string
}

export interface ImportResult {
  readonly archives: readonly ImportedArchive[]
  /** Runs of the history that failed and are on record now. */
  readonly failuresRecorded: number
  /** Backups of the history that were deleted. */
  readonly expired: number
  /** Backups of the history without an archive, by id. */
  readonly missing: readonly string[]
  /** Lines of the history that cannot be read. */
  readonly brokenLines: readonly number[]
  readonly durationMs: number
}
