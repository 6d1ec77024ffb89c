import { usageError } from './usage-error.ts'

/** `SNAPSHOT` or `SNAPSHOT:PATH` as typed. */
export interface SnapshotReference {
  /** Full id, unique prefix, `latest`, `latest~N` or `backup_<seconds>`; none of them holds a colon. */
  readonly snapshot: string
  /** From the snapshot's root, as bytes; undefined when there is no colon. */
  readonly path: Buffer | undefined
}

const colon = 0x3a

/**
 * Splits an argument at its first colon; later colons belong to the path.
 *
 * @throws {HoldfastError} `USAGE` when nothing stands before the colon.
 */
export function parseSnapshotReference(argument: Buffer): SnapshotReference {
  const index = argument.indexOf(colon)
  const snapshot = (index === -1 ? argument : argument.subarray(0, index)).toString()
  if (snapshot.trim() === '') {
    throw usageError(
      `Cannot use "${argument.toString()}": no snapshot is named before the colon`,
      'Name a snapshot, for example `latest:PATH`; `holdfast list` shows them',
    )
  }
  return { snapshot, path: index === -1 ? undefined : argument.subarray(index + 1) }
}
