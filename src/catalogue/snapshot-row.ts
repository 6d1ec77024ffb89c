import type { ObjectId, SnapshotId } from '../model/ids.ts'
import { verificationDamaged, verificationOk } from '../model/journal-record.ts'
import type { BackupType, PathText, SnapshotOrigin, SnapshotStatistics } from '../model/snapshot.ts'

/** What lists and choices of snapshots need; `SnapshotTable.get` gives the whole manifest. */
export interface SnapshotSummary {
  readonly id: SnapshotId
  readonly backupId: string
  readonly type: BackupType
  readonly startedAtMs: number
  readonly endedAtMs: number
  /** When it says that it was recorded, by the clock of the storage. */
  readonly recordedAtMs: number | null
  /** When its object came into the storage, by the same clock; later in a copied repository. */
  readonly receivedAtMs: number | null
  /** When its writer's lease was found to be over and was revoked, by the same clock; almost always null. */
  readonly leaseEndedAtMs: number | null
  readonly hostname: string
  readonly username: string
  readonly base: PathText
  readonly paths: readonly PathText[]
  readonly tags: readonly string[]
  readonly description: string
  readonly treeId: ObjectId
  readonly parentId: string | null
  /** What it is a copy of; null for one that was made here. */
  readonly original: SnapshotOrigin | null
  readonly statistics: SnapshotStatistics
  /**
   * When the newest verification of it was made, if its result was "ok"; null when that failed or
   * there was none.
   */
  readonly verifiedAtMs: number | null
  /** When the newest verification of it found damage; null when that found none or there was none. */
  readonly damagedAtMs: number | null
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
  verification: string | null,
  recordedAtMs: number | null,
  receivedAtMs: number | null,
  leaseEndedAtMs: number | null,
  original: string | null,
]

// Where no lease was ever revoked, no manifest is parsed for one.
const revoked = `revoked (lease, at_ms) AS MATERIALIZED (
    SELECT json_extract(record, '$.leaseId'), min(json_extract(record, '$.storageAtMs'))
    FROM journal WHERE kind = 'revocation' GROUP BY 1)`

// Hexadecimal digits come from SQLite: a thousand snapshots would else make three thousand buffers, 10 ms.
export const summaryQuery: string = `
  WITH ${revoked}
  SELECT lower(hex(id)), backup_id, type, started_at_ms, ended_at_ms, hostname, username, base,
    paths, tags, description, lower(hex(tree_id)), lower(hex(parent_id)), statistics,
    (SELECT CASE result WHEN '${verificationOk}' THEN '+' WHEN '${verificationDamaged}' THEN '-' END || at_ms FROM journal
      WHERE snapshot_id = snapshot.id AND kind = 'verification'
      ORDER BY at_ms DESC, id DESC LIMIT 1),
    recorded_at_ms, received_at_ms,
    CASE WHEN EXISTS (SELECT 1 FROM journal WHERE kind = 'revocation')
      THEN (SELECT at_ms FROM revoked WHERE lease = json_extract(manifest, '$.leaseId')) END,
    CASE WHEN instr(manifest, '"original":{') > 0 THEN json_extract(manifest, '$.original') END
  FROM snapshot`

export function toSummary(tuple: SummaryTuple): SnapshotSummary {
  const parentId = tuple[12]
  const verification = tuple[14]
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
    verifiedAtMs: timeAfter('+', verification),
    damagedAtMs: timeAfter('-', verification),
    recordedAtMs: tuple[15],
    receivedAtMs: tuple[16],
    leaseEndedAtMs: tuple[17],
    original: tuple[18] === null ? null : (JSON.parse(tuple[18]) as SnapshotOrigin),
  }
}

function timeAfter(mark: string, verification: string | null): number | null {
  return verification?.startsWith(mark) === true ? Number(verification.slice(1)) : null
}
