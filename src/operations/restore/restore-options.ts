import type { OnEvent } from '../../foundation/progress-event.ts'
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
  readonly dryRun?: boolean
  /** False restores also a snapshot whose last verification found damage: all of it that still proves right. */
  readonly verify?: boolean
  /** Wait until what was written is on the disk. */
  readonly sync?: boolean
  readonly signal?: AbortSignal
  readonly onEvent?: OnEvent
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
  /** Things that could not be restored as they were; each was an event. */
  readonly errors: number
  readonly durationMs: number
}
