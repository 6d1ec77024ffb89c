import type { Readable } from 'node:stream'

import type { ObjectLock } from '../model/object-lock.ts'
import type { ParitySetting } from '../model/parity-setting.ts'
import type { RepositoryConfig } from '../model/repository-config.ts'
import type { BackupType, Snapshot, SnapshotStatistics } from '../model/snapshot.ts'
import type { StorageSettings } from '../repository/open-chosen-storage.ts'
import type { Repository } from '../repository/repository.ts'
import type {
  Following,
  FoundDamage,
  PolicySnapshot,
  ServiceOperations,
} from '../service/service-operations.ts'
import type { CopiedSnapshot, CopyOptions, CopyResult } from '../operations/copy/copy-options.ts'
import type { ServerLibrary } from './server-library.ts'
import type { ArchiveLibrary } from './archive-library.ts'
import type { BrowseLibrary } from './browse-library.ts'
import type { MonitoringLibrary } from './monitoring-library.ts'

/* The commands' view of the library. They hold no other tie to the operations, so that `--help` and `version` load
   none of them and tests can run every command on a stand-in. */

export type { CopiedSnapshot, CopyOptions, CopyResult }

/** What every long operation takes. */
export type OperationOptions = Following

/** What a list tells of a snapshot. */
export type ListedSnapshot = PolicySnapshot

export interface OpenOptions {
  /** Absolute path or URL. */
  readonly location: string
  /** Called at most once, and only when the repository is encrypted. */
  readonly passphrase: () => Promise<string>
  /** Absolute; undefined leaves the choice to the library. */
  readonly cacheDirectory?: string | undefined
  /** For a repository that is no folder. */
  readonly storage?: StorageSettings | undefined
  /** It is opened in order to free space: the reserve may be used. */
  readonly freesSpace?: boolean
  readonly retryLockMs?: number | undefined
  readonly signal: AbortSignal
  /** What it is opened for: loaded while the passphrase is turned into a key. */
  readonly next?: NextOperation | undefined
}

/** Operations that are worth loading ahead. */
export type NextOperation = 'list' | 'snapshot' | 'restore' | 'verify' | 'prune' | 'copy'

export interface InitOptions {
  readonly location: string
  readonly cacheDirectory?: string | undefined
  readonly storage?: StorageSettings | undefined
  /** Undefined makes an unencrypted repository. */
  readonly passphrase?: string | undefined
  readonly chunkAverageBytes?: number | undefined
  readonly parity?: ParitySetting | undefined
  readonly objectLock?: ObjectLock | undefined
}

export interface InitResult {
  readonly repositoryId: string
  readonly encryption: RepositoryConfig['encryption']
  readonly chunkAverageBytes: number
  /** What the storage's refusal of a taken name is worth. */
  readonly putGuard: 'atomic' | 'weak' | 'ignored' | 'refused'
}

export interface RepairVersionsOptions extends OperationOptions {
  readonly location: string
  readonly storage?: OpenOptions['storage']
  readonly cacheDirectory?: string | undefined
  /** Everything is again as it was then. */
  readonly atMs: number
  readonly apply: boolean
}

export interface RepairVersionsResult {
  readonly objects: readonly {
    readonly name: string
    readonly bytes: number
    readonly storedAtMs: number
  }[]
  /** Versions that were looked at. */
  readonly versions: number
  readonly isApplied: boolean
  readonly durationMs: number
}

export interface SnapshotOptions extends OperationOptions {
  /** Absolute, as bytes; empty with `stdin`. */
  readonly paths: readonly Buffer[]
  /** The folder that names in the snapshot start from, absolute; without it, `/`. */
  readonly base?: string
  /** Without it the library says `incremental` when it trusted a parent, else `full`. */
  readonly type?: BackupType
  readonly description: string
  readonly tags: readonly string[]
  /** Without it, the name of this host. */
  readonly hostname?: string
  readonly excludes: readonly string[]
  readonly excludeCaches: boolean
  readonly excludeIfPresent: readonly string[]
  readonly excludeLargerThanBytes?: number
  readonly oneFileSystem: boolean
  readonly dryRun: boolean
  /** Read every file, whatever the parent says. */
  readonly readAll: boolean
  /** Count first what there is, for a progress line with the time left. */
  readonly estimate: boolean
  /** Without it the library chooses. */
  readonly parent?: Snapshot
  readonly stdin?: { readonly stream: Readable; readonly name: string }
}

export interface SnapshotResult {
  /** Null on a dry run. */
  readonly snapshot: Snapshot | null
  readonly statistics: SnapshotStatistics
  readonly unreadable: number
  readonly durationMs: number
}

export interface SnapshotFilters {
  readonly type?: BackupType
  /** Any of these sets; of a set, all tags. */
  readonly tags: readonly (readonly string[])[]
  readonly hosts: readonly string[]
}

export interface ListedEntry {
  /** From the snapshot's root, without a leading slash. */
  readonly path: Uint8Array
  /** Linux's `st_mode`, type included. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtimeSeconds: number
  readonly mtimeNs: number
  readonly linkTarget?: Uint8Array | undefined
}

export type Overwrite = 'always' | 'if-changed' | 'if-newer' | 'never'

export interface RestoreOptions extends OperationOptions {
  readonly snapshot: Snapshot
  /** From the snapshot's root; without it, everything. */
  readonly path?: Buffer
  /** Absolute; without it, files go back where they came from. */
  readonly target?: Buffer
  readonly includes: readonly string[]
  readonly excludes: readonly string[]
  readonly overwrite: Overwrite
  readonly delete: boolean
  readonly dryRun: boolean
  /** False restores also what a snapshot that was found damaged still holds. */
  readonly verify: boolean
  readonly untrusted: boolean
  /** Waits until what was written is on the disk. */
  readonly sync: boolean
}

export interface RestoreResult {
  readonly filesRestored: number
  readonly filesUnchanged: number
  readonly filesSkipped: number
  readonly filesDeleted: number
  readonly bytesRestored: number
  readonly bytesUnchanged: number
  readonly withheld: {
    readonly owner: number
    readonly setIdBits: number
    readonly attributes: number
    readonly devices: number
  }
  readonly errors: number
  readonly durationMs: number
}

export interface VerifyOptions extends OperationOptions {
  /** Without it, every snapshot and every pack of the repository. */
  readonly snapshots?: readonly Snapshot[]
  /** Only finds out what would be read. */
  readonly dryRun?: boolean
}

/** Something that cannot be restored as it was saved. */
export type Damage = FoundDamage

export interface VerifyResult {
  readonly snapshots: number
  readonly blobs: number
  /** Plaintext bytes that were read and hashed. */
  readonly bytes: number
  readonly damaged: readonly Damage[]
  /** Of a dry run, what would be read. */
  readonly planned?: { readonly packs: number; readonly readBytes: number }
  readonly durationMs: number
}

/** Which packs to read whole: all, a part of the bytes (those not read for longest first), or part `part` of `of`. */
export type ReadSubset =
  | { readonly kind: 'all' }
  | { readonly kind: 'percent'; readonly percent: number }
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'part'; readonly part: number; readonly of: number }

export interface CheckOptions extends OperationOptions {
  readonly readData?: ReadSubset
}

/** An object that the storage failed to give; nothing is known about it. */
export interface UnreadObject {
  readonly name: string
  readonly message: string
}

export interface CheckResult {
  readonly snapshots: number
  readonly indexObjects: number
  readonly packs: number
  readonly packBytes: number
  /** Each damaged object once. */
  readonly damagedObjects: readonly Damage[]
  readonly lostFiles: readonly Damage[]
  readonly lostPlaces: number
  readonly damagedSnapshots: readonly string[]
  readonly unread: readonly UnreadObject[]
  readonly notices: readonly string[]
  readonly packsRead: number
  readonly bytesRead: number
  readonly reading: {
    readonly oldestReadAtMs: number | null
    readonly neverReadPacks: number
    readonly neverReadBytes: number
  }
  readonly durationMs: number
}

export interface ForgottenSnapshot {
  readonly snapshot: Snapshot
  /** By the clock of the storage. */
  readonly forgottenAtMs: number
}

export interface StatusResult {
  readonly repositoryId: string
  readonly encryption: RepositoryConfig['encryption']
  readonly chunkAverageBytes: number
  readonly snapshots: number
  readonly verifiedSnapshots: number
  readonly latest?: ListedSnapshot | undefined
  readonly packs: number
  /** Bytes of the repository's packs. */
  readonly storedBytes: number
  readonly blobs: number
  /** Plaintext bytes of the different blobs. */
  readonly uniqueBytes: number
  /** Sum of the sizes of all files of all snapshots. */
  readonly sourceBytes: number
}

export interface KeySlot {
  readonly slotId: string
  readonly label: string
  readonly createdAtMs: number
  /** True for the slot that opened the repository just now. */
  readonly isCurrent: boolean
}

export interface RepairResult {
  readonly snapshots: number
  readonly packs: number
  readonly blobs: number
  /** Objects that could not be taken in. */
  readonly unusable: readonly { readonly name: string; readonly message: string }[]
  readonly durationMs: number
}

export interface ParityUpdateResult {
  readonly groupsWritten: number
  readonly objectsRemoved: number
  readonly bytesRead: number
  readonly bytesWritten: number
  /** Packs that could not be protected. */
  readonly damagedPacks: readonly string[]
}

export interface ParityStatus {
  /** Null when parity is off. */
  readonly setting: ParitySetting | null
  readonly packs: number
  readonly protectedPacks: number
  readonly packBytes: number
  readonly groups: number
  readonly degradedGroups: number
  readonly parityBytes: number
  readonly unusableObjects: readonly string[]
}

export interface RepairPacksOptions extends OperationOptions {
  /** Ids or unique beginnings of ids; none: those that are missing, on record as damaged, or of the wrong length. */
  readonly packs: readonly string[]
  readonly readData: boolean
  /** Another repository, from which comes back what is lost. */
  readonly from?: Repository
  /** Without it nothing is changed. */
  readonly apply: boolean
}

/** A snapshot of which something was lost, and what came back from another repository. */
export interface SnapshotRefill {
  readonly snapshotId: string
  readonly backupId: string
  /** Of the other repository: what was read, or could be. */
  readonly sourceIds: readonly string[]
  readonly lostBefore: number
  /** What is still lost; on a dry run everything. */
  readonly lost: readonly LostPath[]
}

export interface PackRepair {
  readonly packId: string
  readonly state: 'missing' | 'unreadable' | 'damaged'
  /** Segments that cannot be used. */
  readonly segments: readonly number[]
  readonly cure: 'parity' | 'copy' | 'none'
  readonly blobsSaved: number
  /** Blobs that are whole nowhere. */
  readonly blobsLost: number
}

export interface RepairPacksResult {
  readonly isApplied: boolean
  readonly packsRead: number
  readonly packs: readonly PackRepair[]
  readonly indexObjects: readonly { readonly name: string; readonly message: string }[]
  /** Whole packs that no readable index object names. */
  readonly packsNamed: readonly string[]
  /** Packs on record as damaged, or named by the caller, that are whole. */
  readonly packsWhole: readonly string[]
  readonly refills: readonly SnapshotRefill[]
  readonly unread: readonly UnreadObject[]
  readonly blobsLost: number
  readonly durationMs: number
}

export interface RepairSnapshotsOptions extends OperationOptions {
  /** Without them, every one. */
  readonly snapshots?: readonly Snapshot[]
  readonly apply: boolean
}

/** A file that is lost, or a part of a directory. */
export interface LostPath {
  readonly path: Uint8Array
  readonly kind: 'file' | 'directory'
  /** Size of a file. */
  readonly bytes?: number
  /** What the lost pages of a directory held; null when nothing tells. */
  readonly entries?: number | null
}

export interface SnapshotRepair {
  readonly snapshotId: string
  readonly backupId: string | null
  readonly isObjectDamaged: boolean
  readonly lostFiles: number
  readonly lostDirectories: number
  readonly lost: readonly LostPath[]
  readonly replacement: Snapshot | null
}

export interface RepairSnapshotsResult {
  readonly isApplied: boolean
  readonly snapshots: number
  readonly repairs: readonly SnapshotRepair[]
  readonly unread: readonly UnreadObject[]
  readonly durationMs: number
}

/** What commands call by way of the services alone, so that who did it is on record. */
type ServiceMethods =
  | 'copySnapshots'
  | 'forgetSnapshots'
  | 'undeleteSnapshots'
  | 'forgetByPolicy'
  | 'prune'
  | 'writeJournal'
  | 'tellAlerts'

export interface Library
  extends
    ArchiveLibrary,
    BrowseLibrary,
    MonitoringLibrary,
    ServerLibrary,
    Pick<ServiceOperations, ServiceMethods> {
  initRepository(options: InitOptions): Promise<InitResult>
  openRepository(options: OpenOptions): Promise<Repository>
  /** The configuration object without its secret. */
  readConfig(repository: Repository): Promise<Omit<RepositoryConfig, 'secret'>>
  snapshot(repository: Repository, options: SnapshotOptions): Promise<SnapshotResult>
  listSnapshots(
    repository: Repository,
    filters: SnapshotFilters,
  ): Promise<readonly ListedSnapshot[]>
  /** Full id, unique prefix, `latest`, `latest~N` or `backup_<seconds>`. */
  resolveSnapshot(repository: Repository, text: string): Promise<Snapshot>
  listTree(
    repository: Repository,
    snapshot: Snapshot,
    path: Buffer,
    options: { readonly recursive: boolean },
  ): Promise<Iterable<ListedEntry>>
  restore(repository: Repository, options: RestoreOptions): Promise<RestoreResult>
  verify(repository: Repository, options: VerifyOptions): Promise<VerifyResult>
  check(repository: Repository, options: CheckOptions): Promise<CheckResult>
  listForgotten(repository: Repository): Promise<readonly ForgottenSnapshot[]>
  status(repository: Repository): Promise<StatusResult>
  addKey(
    repository: Repository,
    options: { readonly passphrase: string; readonly label: string },
  ): Promise<KeySlot>
  listKeys(repository: Repository): Promise<readonly KeySlot[]>
  /** Takes a slot id or a unique prefix of one. */
  removeKey(repository: Repository, slot: string): Promise<KeySlot>
  /** Adds a slot for the new passphrase, then removes the one that opened the repository. */
  changeKey(
    repository: Repository,
    options: { readonly passphrase: string; readonly label: string | undefined },
  ): Promise<KeySlot>
  /** Switches parity on, over or off (null) and brings it up with that. */
  setParity(
    repository: Repository,
    setting: ParitySetting | null,
    options: OperationOptions,
  ): Promise<ParityUpdateResult>
  updateParity(
    repository: Repository,
    options: OperationOptions & { readonly readData?: boolean },
  ): Promise<ParityUpdateResult>
  parityStatus(repository: Repository): Promise<ParityStatus>
  repairPacks(repository: Repository, options: RepairPacksOptions): Promise<RepairPacksResult>
  repairSnapshots(
    repository: Repository,
    options: RepairSnapshotsOptions,
  ): Promise<RepairSnapshotsResult>
  /** Builds the catalogue anew from the objects alone. */
  repairCatalogue(repository: Repository, options: OperationOptions): Promise<RepairResult>
  /** Without opening the repository. */
  repairVersions(options: RepairVersionsOptions): Promise<RepairVersionsResult>
}
