import type { ObjectId, SnapshotId } from '../model/ids.ts'
import { verificationOk } from '../model/journal-record.ts'
import type { BackupType, PathText, SnapshotStatistics } from '../model/snapshot.ts'

/** What lists and choices of snapshots need; `SnapshotTable.get` gives the whole manifest. */
export interface SnapshotSummary {
  readonly id: SnapshotId
  readonly backupId: string
  readonly type: BackupType
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly hostname: string
  readonly username: string
  readonly base: PathText
  readonly paths: readonly PathText[]
  readonly tags: readonly string[]
  readonly description: string
  readonly treeId: ObjectId
  readonly parentId: string | null
  readonly statistics: SnapshotStatistics
  /**
   * When the newest verification of it was made, if its result was "ok"; null when that failed or
   * there was none.
   */
  readonly verifiedAtMs: number | null
}

export type SummaryTuple = [
  id: SnapshotId,
  backupId: string,
  type: BackupType,
  startedAtMs: number,
  endedAtMs: number,
  hostname: string,
  username: string,
  base: string,
  paths: string,
  tags: string,
  description: string,
  treeId: ObjectId,
  parentId: string,
  statistics: string,
  verifiedAtMs: number | null,
]

// Hexadecimal digits come from SQLite: a thousand snapshots would else make three thousand buffers, 10 ms.
export const summaryQuery: string = `
  SELECT lower(hex(id)), backup_id, type, started_at_ms, ended_at_ms, hostname, username, base,
    paths, tags, description, lower(hex(tree_id)), lower(hex(parent_id)), statistics,
    (SELECT CASE result WHEN '${verificationOk}' THEN at_ms END FROM journal
      WHERE snapshot_id = snapshot.id AND kind = 'verification'
      ORDER BY at_ms DESC, id DESC LIMIT 1)
  FROM snapshot`

export function toSummary(tuple: SummaryTuple): SnapshotSummary {
  const parentId = tuple[12]
  return {
    id: tuple[0],
    backupId: tuple[1],
    type: tuple[2],
    startedAtMs: tuple[3],
    endedAtMs: tuple[4],
    hostname: tuple[5],
    username: tuple[6],
    base: JSON.parse(tuple[7]) as PathText,
    paths: JSON.parse(tuple[8]) as PathText[],
    tags: JSON.parse(tuple[9]) as string[],
    description: tuple[10],
    treeId: tuple[11],
    parentId: parentId === '' ? null : parentId,
    statistics: JSON.parse(tuple[13]) as SnapshotStatistics,
    verifiedAtMs: tuple[14],
  }
}
