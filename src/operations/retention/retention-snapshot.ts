import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'
import type { SnapshotOrigin } from '../../model/snapshot.ts'

type SummaryFields =
  | 'id'
  | 'type'
  | 'parentId'
  | 'startedAtMs'
  | 'endedAtMs'
  | 'hostname'
  | 'paths'
  | 'tags'
  | 'verifiedAtMs'
  | 'leaseEndedAtMs'

/** What retention looks at. */
export interface RetentionSnapshot extends Pick<SnapshotSummary, SummaryFields> {
  /** The storage's clock at the commit; null in snapshots of writers that did not record it. */
  readonly recordedAtMs: number | null
  /** When the snapshot object came into the storage, by the storage's clock; null when it is not known. */
  readonly receivedAtMs: number | null
  /** What it is a copy of; null or absent for one that was made here. */
  readonly original?: SnapshotOrigin | null
  /** Whoever made it had verified it, its archive was the same to the bit when it was imported, and nothing was found wrong with it since. */
  readonly wasImportedVerified?: boolean
}

/**
 * A run counts as no longer than this. Nobody checks how long a run says it took, and a snapshot that claims a run of a year would stand among
 * those of last year.
 */
const runMsMax = 24 * 60 * 60 * 1000

/**
 * By which way it came: the id of the repository that it was copied from, or the empty text. Times of one way were given by one clock and came in
 * order, and prove nothing about another way's.
 */
export function wayOf({ original }: RetentionSnapshot): string {
  return original?.repositoryId ?? ''
}

/** When the snapshot says that it was finished: the storage's word where there is one, else the client's. */
export function finishedMs({ recordedAtMs, endedAtMs }: RetentionSnapshot): number {
  return recordedAtMs ?? endedAtMs
}

/**
 * The time that retention counts with: the start of the run by the storage's clock, which no client sets; where the storage's time
 * was not recorded, by the client's.
 */
export function retentionTimeMs(snapshot: RetentionSnapshot): number {
  // Negative when the client's clock was set back during the run.
  const runMs = Math.max(snapshot.endedAtMs - snapshot.startedAtMs, 0)
  return finishedMs(snapshot) - Math.min(runMs, runMsMax)
}

/** Differences below that are of no interest to anybody who looks at days. */
const clockDifferenceMsMin = 60 * 60 * 1000

/**
 * How far the clock of the client was ahead of the storage's when the run ended, negative when it was behind; undefined when it was right
 * enough, or nobody knows. It changes nothing for retention, but its owner wants to know.
 */
export function clockAheadMs({ recordedAtMs, endedAtMs }: RetentionSnapshot): number | undefined {
  if (recordedAtMs === null) return undefined
  const aheadMs = endedAtMs - recordedAtMs
  return Math.abs(aheadMs) < clockDifferenceMsMin ? undefined : aheadMs
}
