import type { Actor } from '../../model/actor.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'
import type { Snapshot } from '../../model/snapshot.ts'

export interface ExportOptions {
  readonly snapshot: Snapshot
  /** Where the archive goes, absolute; made when it is missing. */
  readonly folder: string
  /** Absolute; without it no line is written. */
  readonly historyFile?: string | undefined
  /** Records name the archive relative to this folder when it lies below it. */
  readonly projectFolder?: string | undefined
  /** Replace another archive that has the name already. */
  readonly overwrite?: boolean | undefined
  /** 1 (fast) to 9 (small), default 5. */
  readonly level?: number | undefined
  /** Threads that compress; as many as the machine runs at once unless given. */
  readonly threads?: number | undefined
  readonly actor: Actor
  readonly signal?: AbortSignal
  readonly onEvent?: OnEvent
}

export interface ExportResult {
  /** `present`: the same archive was there already, and was read and compared. */
  readonly outcome: 'written' | 'present'
  /** Absolute path. */
  readonly archive: string
  readonly archiveBytes: number
  /** MD5, hex: what the documented system's clients compare with. */
  readonly checksum: string
  readonly files: number
  /** Of the files. */
  readonly bytes: number
  readonly durationMs: number
}
