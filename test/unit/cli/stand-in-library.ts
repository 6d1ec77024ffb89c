import type { Library } from '../../../src/cli/library.ts'
import { HoldfastError } from '../../../src/foundation/errors.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import type { SnapshotId } from '../../../src/model/ids.ts'
import { reportFixture } from './report-fixture.ts'
import {
  changesOf,
  checked,
  copied,
  dayMs,
  entries,
  fileVersion,
  forgetGroup,
  foundEntry,
  key,
  listed,
  parityUpdate,
  repairedPacks,
  repairedSnapshots,
  repositoryStatistics,
  snapshot,
  statistics,
} from './stand-in-samples.ts'

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
      return {
        repositoryId: '0f'.repeat(16),
        encryption,
        chunkAverageBytes: 131_072,
        putGuard: 'atomic' as const,
      }
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
    async copySnapshots(_, __, options) {
      record('copySnapshots', options)
      return copied
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
    async repairVersions(options) {
      record('repairVersions', options)
      return { objects: [], versions: 0, isApplied: false, durationMs: 0 }
    },
    async repairCatalogue() {
      record('repairCatalogue', {})
      return { snapshots: 2, packs: 7, blobs: 9000, unusable: [], durationMs: 90 }
    },
    ...overrides,
  }
  return Object.assign(standIn, { library })
}
