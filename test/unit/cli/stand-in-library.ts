import type { KeySlot, Library, ListedEntry, ListedSnapshot } from '../../../src/cli/library.ts'
import { HoldfastError } from '../../../src/foundation/errors.ts'
import type { Repository } from '../../../src/repository/repository.ts'
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
  parentId: null,
  description: 'before\nupgrade',
  tags: ['nightly', 'web'],
  excludes: ['*.tmp'],
  statistics,
  unreadable: [],
  program: 'holdfast 0.1.0',
}

export const listed: ListedSnapshot = { ...snapshot, treeId: snapshot.tree.id, verifiedAtMs: 1 }

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

const key: KeySlot = { slotId: '3f2a'.repeat(8), label: 'laptop', createdAtMs: 0, isCurrent: true }

/** @param overrides answers of a test's own */
export function createStandIn(overrides: Partial<Library> = {}): StandIn {
  const calls: Call[] = []
  const record = (name: string, options: object): void => {
    calls.push({ name, options: { ...options } })
  }
  const standIn: StandIn = { library: undefined as unknown as Library, calls, openCount: 0 }
  const repository = {
    unusable: [],
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
        bytesRestored: 2048,
        bytesUnchanged: 1_499_997_952,
        errors: 0,
        durationMs: 2000,
      }
    },
    async verify(_, options) {
      record('verify', options)
      return { snapshots: 2, blobs: 1000, bytes: 2 ** 30, damaged: [], durationMs: 1000 }
    },
    async deleteSnapshots(_, snapshots) {
      record('deleteSnapshots', { ids: snapshots.map(({ id }) => id) })
    },
    async prune(_, options) {
      record('prune', options)
      return {
        packsDeleted: 3,
        packsRewritten: 1,
        bytesFreed: 5_000_000,
        bytesLeft: 7_000_000,
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
    async repairCatalogue() {
      record('repairCatalogue', {})
      return { snapshots: 2, packs: 7, blobs: 9000, unusable: [], durationMs: 90 }
    },
    ...overrides,
  }
  return Object.assign(standIn, { library })
}
