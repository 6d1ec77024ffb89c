import type {
  CheckResult,
  CopyResult,
  KeySlot,
  RepairPacksResult,
  RepairSnapshotsResult,
  ListedEntry,
  ListedSnapshot,
} from '../../../src/cli/library.ts'
import type { Change, DiffSummary } from '../../../src/operations/browse/diff-snapshots.ts'
import type { FileVersion } from '../../../src/operations/browse/file-history.ts'
import type { FoundEntry } from '../../../src/operations/browse/find-paths.ts'
import type { RepositoryStatistics } from '../../../src/operations/statistics/repository-statistics.ts'
import type { PolicyGroup } from '../../../src/service/service-operations.ts'
import type { SnapshotId } from '../../../src/model/ids.ts'
import type { Snapshot, SnapshotStatistics } from '../../../src/model/snapshot.ts'

/* What the stand-in of the library answers. */

export const statistics: SnapshotStatistics = {
  files: 4015,
  directories: 12,
  others: 1,
  bytes: 1_500_000_000,
  newFiles: 12,
  changedFiles: 3,
  unchangedFiles: 4000,
  dataBlobsAdded: 40,
  dataBytesAdded: 12_000_000,
  treeBlobsAdded: 5,
  treeBytesAdded: 900_000,
  storedBytesAdded: 4_700_000,
  unreadable: 0,
}

export const snapshot: Snapshot = {
  id: '1a2b3c4d'.repeat(8) as SnapshotId,
  version: 1,
  backupId: 'backup_1790000000',
  type: 'full',
  startedAtMs: Date.UTC(2026, 8, 21, 14, 13, 20),
  endedAtMs: Date.UTC(2026, 8, 21, 14, 13, 24),
  hostname: 'web1',
  username: 'app',
  base: '/srv/app',
  paths: ['/srv/app/data', { base64: Buffer.from([0x2f, 0xff]).toString('base64') }],
  tree: { id: 'ab'.repeat(32), bytes: 4096 },
  recordedAtMs: null,
  leaseId: null,
  knownDamage: [],
  parentId: null,
  description: 'before\nupgrade',
  tags: ['nightly', 'web'],
  excludes: ['*.tmp'],
  statistics,
  unreadable: [],
  program: 'holdfast 0.1.0',
}

export const listed: ListedSnapshot = { ...snapshot, treeId: snapshot.tree.id, verifiedAtMs: 1 }

/** A name that would act upon a terminal. */
const hostileName = Buffer.from([0x61, 0x1b, 0x5b, 0x31, 0x6d, 0xff])

export const foundEntry: FoundEntry = {
  path: hostileName,
  kind: 'directory',
  mode: 0o040755,
  size: 1_500_000,
  mtimeSeconds: 1_790_000_000,
  mtimeNs: 5,
  snapshots: 2,
  snapshotIds: [snapshot.id],
}

export const fileVersion: FileVersion = {
  path: hostileName,
  kind: 'file',
  mode: 0o100644,
  size: 1_500_000,
  mtimeSeconds: 1_790_000_000,
  mtimeNs: 0,
  contentId: 'cd'.repeat(32),
  snapshots: [{ ...snapshot }],
  isRename: true,
}

export function* changesOf(): Generator<Change, DiffSummary, undefined> {
  const sizes = { oldSize: null, newSize: 2048, kind: 'file' as const }
  yield { change: 'added', path: hostileName, oldPath: null, ...sizes }
  yield { change: 'renamed', path: Buffer.from('b'), oldPath: hostileName, ...sizes }
  return {
    added: 1,
    removed: 0,
    modified: 0,
    renamed: 1,
    metadata: 0,
    bytesAdded: 2048,
    bytesRemoved: 0,
  }
}

const space = { neededBytes: 3_000_000, exclusiveBytes: 1_000_000, sharedBytes: 2_000_000 }
export const repositoryStatistics: RepositoryStatistics = {
  totals: {
    snapshots: 2,
    sourceBytes: 9_000_000,
    uniqueBytes: 4_500_000,
    neededBytes: 3_000_000,
    unusedBytes: 100,
    storedBytes: 3_100_000,
    blobs: 77,
    dedupRatio: 2,
    compressionRatio: 1.5,
  },
  bySnapshot: [
    {
      id: snapshot.id,
      backupId: snapshot.backupId,
      type: 'full',
      startedAtMs: snapshot.startedAtMs,
      files: 3,
      sourceBytes: 9_000_000,
      ...space,
    },
  ],
  byType: [{ type: 'full', snapshots: 2, sourceBytes: 9_000_000, ...space }],
  byFolder: [
    { path: hostileName, sourceBytes: 9_000_000, ...space },
    { path: null, sourceBytes: 0, ...space },
  ],
  isComplete: true,
}

export const dayMs = 24 * 60 * 60 * 1000

/** One that is kept, one with a suspicious time, one that is removed. */
export const forgetGroup: PolicyGroup = {
  hostname: 'web1',
  paths: ['/srv/app/data'],
  tags: undefined,
  decisions: [
    {
      snapshot: listed,
      timeMs: listed.startedAtMs,
      isKept: true,
      reasons: ['last snapshot', 'daily snapshot'],
    },
    {
      snapshot: { ...listed, id: 'cccccccc'.repeat(8), tags: [] },
      timeMs: listed.startedAtMs - dayMs,
      isKept: true,
      reasons: ['suspicious: its time is in the future'],
      suspicion: 'its time is in the future',
    },
    {
      snapshot: { ...listed, id: 'ffffffff'.repeat(8), tags: [] },
      timeMs: listed.startedAtMs - 2 * dayMs,
      isKept: false,
      reasons: ['not among the last 1'],
    },
  ],
  removesAll: false,
}

export const entries: readonly ListedEntry[] = [
  entry('data', { mode: 0o042755, size: 9 }),
  entry('data/a\nb.txt', { mode: 0o104640, size: 1234 }),
  entry(Buffer.from([0x64, 0x2f, 0xff]), { mode: 0o100600 }),
  entry('link', { mode: 0o120777, linkTarget: Buffer.from('data') }),
]

function entry(path: string | Buffer, fields: Partial<ListedEntry>): ListedEntry {
  const status = { mode: 0o100644, uid: 1000, gid: 100, size: 0 }
  return { path: Buffer.from(path), ...status, mtimeSeconds: 1e9, mtimeNs: 42, ...fields }
}

/** What `repairSnapshots` answers: a file and a part of a directory are lost. */
export const repairedSnapshots: RepairSnapshotsResult = {
  isApplied: false,
  snapshots: 2,
  repairs: [
    {
      snapshotId: snapshot.id,
      backupId: snapshot.backupId,
      isObjectDamaged: false,
      lostFiles: 1,
      lostDirectories: 1,
      lost: [
        { path: Buffer.from('/data/a\nb'), kind: 'file', bytes: 2048 },
        { path: Buffer.from('/logs'), kind: 'directory', entries: 311 },
      ],
      replacement: null,
    },
  ],
  unread: [],
  durationMs: 400,
}

/** What `repairPacks` answers: one pack can be saved in part. */
export const repairedPacks: RepairPacksResult = {
  isApplied: false,
  packsRead: 2,
  packs: [
    {
      packId: 'ab'.repeat(32),
      state: 'damaged',
      segments: [0, 3],
      cure: 'copy',
      blobsSaved: 40,
      blobsLost: 2,
    },
  ],
  indexObjects: [],
  packsNamed: [],
  packsWhole: [],
  refills: [],
  unread: [],
  blobsLost: 2,
  durationMs: 700,
}

/** What `check` answers: no damage, one pack of two read. */
export const checked: CheckResult = {
  snapshots: 2,
  indexObjects: 1,
  packs: 2,
  packBytes: 50_000_000,
  damagedObjects: [],
  lostFiles: [],
  lostPlaces: 0,
  damagedSnapshots: [],
  unread: [],
  notices: [],
  packsRead: 1,
  bytesRead: 25_000_000,
  reading: { oldestReadAtMs: 0, neverReadPacks: 1, neverReadBytes: 25_000_000 },
  durationMs: 700,
}

export const key: KeySlot = {
  slotId: '3f2a'.repeat(8),
  label: 'laptop',
  createdAtMs: 0,
  isCurrent: true,
}

export const parityUpdate = {
  groupsWritten: 1,
  objectsRemoved: 2,
  bytesRead: 320_000_000,
  bytesWritten: 64_000_000,
  damagedPacks: [],
}

/** What `copySnapshots` answers: one is copied, one is there already, and of one something is lost. */
export const copied: CopyResult = {
  snapshots: (['copied', 'present', 'damaged'] as const).map((outcome) => ({
    sourceId: snapshot.id,
    backupId: snapshot.backupId,
    startedAtMs: snapshot.startedAtMs,
    hostname: snapshot.hostname,
    paths: snapshot.paths,
    statistics,
    outcome,
    saved: outcome === 'damaged' ? null : snapshot,
    filesRead: 7,
    bytesRead: 7000,
    storedBytesAdded: 700,
    lostCount: outcome === 'damaged' ? 1 : 0,
    lost: outcome === 'damaged' ? [{ path: hostileName, message: 'it is gone' }] : [],
  })),
  durationMs: 4000,
}
