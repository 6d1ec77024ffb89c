import type { OnEvent } from '../../foundation/progress-event.ts'
import type { PathText, Snapshot, SnapshotStatistics } from '../../model/snapshot.ts'
import type { SnapshotId } from '../../model/ids.ts'

/** What a choice of snapshots looks at. */
export type SelectedSnapshot = Pick<Snapshot, 'type' | 'hostname' | 'tags' | 'base' | 'paths'>

export interface CopyOptions {
  /** Snapshots of the source, in any order; without them, all. */
  readonly snapshots?: readonly Snapshot[]
  /** Of all: which. */
  readonly isSelected?: (snapshot: SelectedSnapshot) => boolean
  /** Only those that are newer than the newest of the same host and paths that the target has. */
  readonly newerOnly?: boolean
  /** Instead of all: this snapshot, of either repository, and those of the same host and paths that the target has missed before it. */
  readonly missedBeside?: Snapshot
  /** Take nothing from the target unread: read every file from the source. */
  readonly readAll?: boolean
  /** Say what would be copied, and store nothing. */
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
  readonly onEvent?: OnEvent
}

/** A file or directory of the source that is lost there. */
export interface LostSource {
  /** From the snapshot's root, with a leading slash. */
  readonly path: Buffer
  readonly message: string
}

export interface CopiedSnapshot {
  readonly sourceId: SnapshotId
  /** In the source. */
  readonly backupId: string
  readonly startedAtMs: number
  readonly hostname: string
  readonly paths: readonly PathText[]
  readonly statistics: SnapshotStatistics
  /**
   * `present`: the target has it already; `passed over`: it is older than what the target has (`newerOnly`); `damaged`: something of it is lost in the
   * source, and there is no copy of it.
   */
  readonly outcome: 'copied' | 'present' | 'passed over' | 'damaged'
  /** In the target: the copy, or the one that is there already; null on a dry run, and when there is none. */
  readonly saved: Snapshot | null
  /** Regular files that were read from the source and cut anew; the others were taken from what the target has. */
  readonly filesRead: number
  readonly bytesRead: number
  /** What the target's packs grew by. */
  readonly storedBytesAdded: number
  readonly lostCount: number
  /** The first 1,000. */
  readonly lost: readonly LostSource[]
}

export interface CopyResult {
  /** Oldest first. */
  readonly snapshots: readonly CopiedSnapshot[]
  readonly durationMs: number
}
