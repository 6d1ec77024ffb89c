import type {
  PathText,
  Snapshot,
  SnapshotOrigin,
  SnapshotStatistics,
} from '../../model/snapshot.ts'
import type { ListedSnapshot } from '../library.ts'
import { jsonTime } from '../../foundation/human.ts'
import { jsonPath, pathTextBytes, type JsonObject } from './json.ts'

/** The first digits of an id, enough for a person; every command takes them while they are unique. */
export function shortId(id: string): string {
  return id.slice(0, 8)
}

/** A snapshot in `--json` output: restic's names, and ours for what restic does not have. */
export function listedSnapshotJson(snapshot: ListedSnapshot): JsonObject {
  return { ...commonJson(snapshot, snapshot.treeId), ...verificationJson(snapshot) }
}

/** The same with what only the whole manifest says. */
export function snapshotJson(snapshot: Snapshot): JsonObject {
  return {
    ...commonJson(snapshot, snapshot.tree.id),
    excludes: snapshot.excludes,
    program_version: snapshot.program,
  }
}

/** The word of the documented system for how far a backup is to be trusted. */
export function statusWord({
  verifiedAtMs,
  damagedAtMs,
}: ListedSnapshot): 'created' | 'verified' | 'failed' {
  if (typeof damagedAtMs === 'number') return 'failed'
  return verifiedAtMs === null ? 'created' : 'verified'
}

function verificationJson(snapshot: ListedSnapshot): JsonObject {
  const { verifiedAtMs, damagedAtMs } = snapshot
  return {
    status: statusWord(snapshot),
    verified_at: verifiedAtMs === null ? null : jsonTime(verifiedAtMs),
    ...(typeof damagedAtMs === 'number' && { damaged_at: jsonTime(damagedAtMs) }),
  }
}

function commonJson(snapshot: Snapshot | ListedSnapshot, treeId: string): JsonObject {
  return {
    time: jsonTime(snapshot.startedAtMs),
    ...(snapshot.parentId !== null && { parent: snapshot.parentId }),
    tree: treeId,
    ...pathsJson(snapshot.paths),
    ...jsonPath('base', pathTextBytes(snapshot.base)),
    hostname: snapshot.hostname,
    username: snapshot.username,
    tags: snapshot.tags,
    backup_id: snapshot.backupId,
    backup_type: snapshot.type,
    description: snapshot.description,
    summary: {
      backup_start: jsonTime(snapshot.startedAtMs),
      backup_end: jsonTime(snapshot.endedAtMs),
      ...countersJson(snapshot.statistics),
    },
    unreadable: snapshot.statistics.unreadable,
    ...(snapshot.original && { original: originJson(snapshot.original) }),
    id: snapshot.id,
    short_id: shortId(snapshot.id),
  }
}

function originJson({ repositoryId, snapshotId }: SnapshotOrigin): JsonObject {
  return { repository_id: repositoryId, snapshot_id: snapshotId }
}

/** restic's counters of a backup. */
export function countersJson(statistics: SnapshotStatistics): JsonObject {
  return {
    files_new: statistics.newFiles,
    files_changed: statistics.changedFiles,
    files_unmodified: statistics.unchangedFiles,
    data_blobs: statistics.dataBlobsAdded,
    tree_blobs: statistics.treeBlobsAdded,
    data_added: statistics.dataBytesAdded + statistics.treeBytesAdded,
    data_added_packed: statistics.storedBytesAdded,
    total_files_processed: statistics.files,
    total_directories_processed: statistics.directories,
    total_others_processed: statistics.others,
    total_bytes_processed: statistics.bytes,
  }
}

/** All paths as text; `paths_b64` as well when one of them is not UTF-8, in the same order. */
export function pathsJson(paths: readonly PathText[]): JsonObject {
  const texts = paths.map((path) =>
    typeof path === 'string' ? path : pathTextBytes(path).toString(),
  )
  if (paths.every((path) => typeof path === 'string')) return { paths: texts }
  return { paths: texts, paths_b64: paths.map((path) => pathTextBytes(path).toString('base64')) }
}
