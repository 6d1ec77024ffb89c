import type { OnEvent } from '../../foundation/progress-event.ts'
import type { Actor } from '../../model/actor.ts'
import type { Snapshot } from '../../model/snapshot.ts'

/**
 * What happens to a file that is there already. `always`: it becomes what the snapshot says (equal content is not written again);
 * `if-changed`: size and modification time are believed when they are equal; `if-newer`: only when the snapshot's is newer;
 * `never`: it stays.
 */
export type Overwrite = 'always' | 'if-changed' | 'if-newer' | 'never'

export interface RestoreOptions {
  readonly snapshot: Snapshot
  /** Folder or file to restore, from the snapshot's root; without it, everything. */
  readonly path?: Buffer
  /** Folder to restore into; without it, files go back where they came from. */
  readonly target?: Buffer
  /** Patterns with .gitignore's meaning; when there are any, only what matches is restored. */
  readonly includes?: readonly string[]
  readonly excludes?: readonly string[]
  readonly overwrite?: Overwrite
  /** Remove from restored folders what the snapshot does not have in them. */
  readonly delete?: boolean
  /** Absolute. What is there stays as it is, and is not removed either: files that somebody writes to meanwhile. */
  readonly keeps?: readonly Buffer[]
  readonly dryRun?: boolean
  /** False restores also a snapshot whose last verification found damage: all of it that still proves right. */
  readonly verify?: boolean
  /**
   * Whoever wrote the snapshot must not gain power by it: set-id bits, owners, capabilities, ACLs and devices are withheld. Needs a
   * target, because the snapshot itself would say where its files go.
   */
  readonly untrusted?: boolean
  /** What the record of the restore says beside what was done; null leaves no record, for a restore that is only a proof. */
  readonly record?: RestoreRecordFields | null
  /** Wait until what was written is on the disk. */
  readonly sync?: boolean
  readonly signal?: AbortSignal
  readonly onEvent?: OnEvent
}

export interface RestoreRecordFields {
  readonly actor: Actor
  /** `restore_<seconds>` */
  readonly restoreId: string
  readonly startedAtMs: number
}

/** Parts that the snapshot has and that this run did not give: it is not root, or the snapshot is not trusted. Counts of entries. */
export interface WithheldCounts {
  readonly owner: number
  readonly setIdBits: number
  /** ACLs, capabilities and labels. */
  readonly attributes: number
  /** Device files, which are not there at all. */
  readonly devices: number
}

export interface RestoreResult {
  readonly filesRestored: number
  /** Files that were there with equal content. */
  readonly filesUnchanged: number
  /** Files left as they were because of the overwrite rule. */
  readonly filesSkipped: number
  readonly filesDeleted: number
  readonly directories: number
  /** Symbolic links, hard links, fifos and devices. */
  readonly others: number
  readonly bytesRestored: number
  readonly bytesUnchanged: number
  readonly withheld: WithheldCounts
  /** Things that could not be restored as they were; each was an event. */
  readonly errors: number
  /** The first of what was restored, from the snapshot's root; a directory only as part of what lies in it. */
  readonly paths: readonly string[]
  /** How many more there were. */
  readonly pathsOmitted: number
  readonly durationMs: number
}
