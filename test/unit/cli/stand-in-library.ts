import type {
  CheckResult,
  KeySlot,
  Library,
  RepairPacksResult,
  RepairSnapshotsResult,
  ListedEntry,
  ListedSnapshot,
} from '../../../src/cli/library.ts'
import type { Change, DiffSummary } from '../../../src/operations/browse/diff-snapshots.ts'
import type { FileVersion } from '../../../src/operations/browse/file-history.ts'
import type { FoundEntry } from '../../../src/operations/browse/find-paths.ts'
import type { RepositoryStatistics } from '../../../src/operations/statistics/repository-statistics.ts'
import { reportFixture } from './report-fixture.ts'
import { HoldfastError } from '../../../src/foundation/errors.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import type { PolicyGroup } from '../../../src/service/service-operations.ts'
import type { SnapshotId } from '../../../src/model/ids.ts'
import type { Snapshot, SnapshotStatistics } from '../../../src/model/snapshot.ts'

/*
 * What the commands call, recorded, with fixed answers: these tests are about the command line and its output. The
 * operations have tests of their own, and the end-to-end tests run both together.
 */

export interface Call {
  readonly name: string
  readonly options: Readonly<Record<string, unknown>>
}

export interface StandIn {
  readonly library: Library
  readonly calls: Call[]
  /** How often a repository was opened and not closed. */
  openCount: number
}

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

const foundEntry: FoundEntry = {
  path: hostileName,
  kind: 'directory',
  mode: 0o040755,
  size: 1_500_000,
  mtimeSeconds: 1_790_000_000,
  mtimeNs: 5,
  snapshots: 2,
  snapshotIds: [snapshot.id],
}

const fileVersion: FileVersion = {
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

function* changesOf(): Generator<Change, DiffSummary, undefined> {
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
const repositoryStatistics: RepositoryStatistics = {
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

const dayMs = 24 * 60 * 60 * 1000

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
  damagedSnapshots: [],
  unread: [],
  notices: [],
  packsRead: 1,
  bytesRead: 25_000_000,
  reading: { oldestReadAtMs: 0, neverReadPacks: 1, neverReadBytes: 25_000_000 },
  durationMs: 700,
}

const key: KeySlot = { slotId: '3f2a'.repeat(8), label: 'laptop', createdAtMs: 0, isCurrent: true }

const parityUpdate = {
  groupsWritten: 1,
  objectsRemoved: 2,
  bytesRead: 320_000_000,
  bytesWritten: 64_000_000,
  damagedPacks: [],
}

/** @param overrides answers of a test's own */
export function createStandIn(overrides: Partial<Library> = {}): StandIn {
  const calls: Call[] = []
  const record = (name: string, options: object): void => {
    calls.push({ name, options: { ...options } })
  }
  const standIn: StandIn = { library: undefined as unknown as Library, calls, openCount: 0 }
  const repository = {
    unusable: [],
    vanished: [],
    async close() {
      standIn.openCount--
    },
  } as unknown as Repository
  const library: Library = {
    async initRepository(options) {
      record('initRepository', options)
      const encryption = options.passphrase === undefined ? 'none' : 'aes-256-gcm'
      return { repositoryId: '0f'.repeat(16), encryption, chunkAverageBytes: 131_072 }
    },
    async openRepository(options) {
      record('openRepository', options)
      standIn.openCount++
      return repository
    },
    readConfig: async () => ({
      version: 1,
      repositoryId: '0f'.repeat(16),
      createdAtMs: 0,
      encryption: 'none',
      chunker: 'sieve-1',
      chunkAverageBytes: 131_072,
      compression: 'zstd',
    }),
    async snapshot(_, options) {
      record('snapshot', options)
      const result = options.dryRun ? null : snapshot
      return { snapshot: result, statistics, unreadable: 0, durationMs: 4000 }
    },
    async listSnapshots(_, filters) {
      record('listSnapshots', filters)
      return [listed, { ...listed, id: 'ffff'.repeat(16), tags: [], verifiedAtMs: null }]
    },
    async listBackups() {
      return []
    },
    async overview() {
      return reportFixture()
    },
    async report() {
      return reportFixture()
    },
    async resolveSnapshot(_, text) {
      record('resolveSnapshot', { text })
      if (text === 'latest' || snapshot.id.startsWith(text)) return snapshot
      throw new HoldfastError('SNAPSHOT_NOT_FOUND', `Cannot find snapshot "${text}"`, {
        remedy: 'Run `holdfast list`',
      })
    },
    async listTree(_, __, path, options) {
      record('listTree', { path, ...options })
      return entries
    },
    async findPaths(_, options) {
      record('findPaths', { ...options })
      return { items: [foundEntry], nextCursor: null, matches: 3, isComplete: true }
    },
    async fileHistory(_, path, options) {
      record('fileHistory', { path, ...options })
      return [fileVersion]
    },
    async diffSnapshots(_, [from, to], options) {
      record('diffSnapshots', { from: from.id, to: to.id, ...options })
      return changesOf()
    },
    async repositoryStatistics(_, options) {
      record('repositoryStatistics', { ...options })
      return repositoryStatistics
    },
    async deletionStatistics(_, ids) {
      record('deletionStatistics', { ids })
      return { snapshots: ids.length, freedBytes: 3_000_000, sharedBytes: 500, freedBlobs: 12 }
    },
    async dumpFile(_, __, path, { output }) {
      record('dumpFile', { path })
      output.write('content')
    },
    async restore(_, options) {
      record('restore', options)
      return {
        filesRestored: 2,
        filesUnchanged: 4013,
        filesSkipped: 0,
        filesDeleted: 1,
        withheld: { owner: 0, setIdBits: 0, attributes: 0, devices: 0 },
        bytesRestored: 2048,
        bytesUnchanged: 1_499_997_952,
        errors: 0,
        durationMs: 2000,
      }
    },
    async exportSnapshot(_, options) {
      record('exportSnapshot', options)
      return {
        outcome: 'written',
        archive: `${options.folder}/${options.snapshot.backupId}.tar.gz`,
        archiveBytes: 5_000_000,
        checksum: '0123456789abcdef'.repeat(2),
        files: 4015,
        bytes: 1_500_000_000,
        durationMs: 9000,
      }
    },
    async importArchives(_, options) {
      record('importArchives', options)
      return {
        archives: [
          {
            archive: '/srv/app/backups/backup_1790000000.tar.gz',
            outcome: 'imported',
            backupId: 'backup_1790000000',
            snapshotId: snapshot.id,
            type: 'full',
            startedAtMs: snapshot.startedAtMs,
            files: 12,
            bytes: 3_000_000,
            isVerified: true,
            message: '',
          },
        ],
        failuresRecorded: 1,
        expired: 2,
        missing: ['backup_1780000000'],
        brokenLines: [7],
        durationMs: 800,
      }
    },
    async verify(_, options) {
      record('verify', options)
      return { snapshots: 2, blobs: 1000, bytes: 2 ** 30, damaged: [], durationMs: 1000 }
    },
    async check(_, options) {
      record('check', options)
      return checked
    },
    async forgetSnapshots(_, snapshots) {
      record('forgetSnapshots', { ids: snapshots.map(({ id }) => id) })
    },
    async undeleteSnapshots(_, ids) {
      record('undeleteSnapshots', { ids })
    },
    async listForgotten() {
      record('listForgotten', {})
      const backupId = 'backup_1700000000'
      const forgottenAtMs = Date.now() - dayMs - dayMs / 48
      return [
        {
          snapshot: { ...snapshot, id: 'dddd'.repeat(16) as SnapshotId, backupId },
          forgottenAtMs,
        },
        {
          snapshot: { ...snapshot, id: 'd0d0'.repeat(16) as SnapshotId },
          forgottenAtMs: forgottenAtMs - 30 * dayMs,
        },
      ]
    },
    async forgetByPolicy(_, options) {
      record('forgetByPolicy', options)
      return { groups: [forgetGroup], isRefused: false }
    },
    async prune(_, options) {
      record('prune', options)
      return {
        packsDeleted: 3,
        packsRewritten: 1,
        bytesFreed: 5_000_000,
        bytesLeft: 7_000_000,
        bytesCondemned: 0,
        waitingFor: [],
        snapshotsDropped: 0,
        droppedIds: [],
        durationMs: 300,
      }
    },
    status: async () => ({
      repositoryId: '0f'.repeat(16),
      encryption: 'none',
      chunkAverageBytes: 131_072,
      snapshots: 2,
      verifiedSnapshots: 1,
      latest: listed,
      packs: 7,
      storedBytes: 50_000_000,
      blobs: 9000,
      uniqueBytes: 200_000_000,
      sourceBytes: 3_000_000_000,
    }),
    async addKey(_, options) {
      record('addKey', options)
      return key
    },
    listKeys: async () => [key, { ...key, slotId: '77'.repeat(16), isCurrent: false, label: '' }],
    async removeKey(_, slot) {
      record('removeKey', { slot })
      return key
    },
    async changeKey(_, options) {
      record('changeKey', options)
      return key
    },
    async setParity(_, setting) {
      record('setParity', { setting })
      return parityUpdate
    },
    async updateParity(_, options) {
      record('updateParity', options)
      return parityUpdate
    },
    parityStatus: async () => ({
      setting: { dataPacks: 10, parityPacks: 2 },
      packs: 7,
      protectedPacks: 6,
      packBytes: 50_000_000,
      groups: 1,
      degradedGroups: 0,
      parityBytes: 10_000_000,
      unusableObjects: [],
    }),
    async repairPacks(_, options) {
      record('repairPacks', options)
      return { ...repairedPacks, isApplied: options.apply }
    },
    async repairSnapshots(_, options) {
      record('repairSnapshots', options)
      return { ...repairedSnapshots, isApplied: options.apply }
    },
    async writeJournal(_, given) {
      record('writeJournal', given)
    },
    async tellAlerts(_, options) {
      record('tellAlerts', options)
      return { assessment: undefined as never, changes: [], told: [] }
    },
    async startServer({ host = '127.0.0.1', port = 8080, token }) {
      record('startServer', { host, port, token })
      return {
        url: `http://${host}:${port}`,
        port,
        stop: async () => record('stopServer', {}),
      }
    },
    async repairCatalogue() {
      record('repairCatalogue', {})
      return { snapshots: 2, packs: 7, blobs: 9000, unusable: [], durationMs: 90 }
    },
    ...overrides,
  }
  return Object.assign(standIn, { library })
}
