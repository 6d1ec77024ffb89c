import type { Readable, Writable } from 'node:stream'

import type { OnEvent } from '../foundation/progress-event.ts'
import type { RepositoryConfig } from '../model/repository-config.ts'
import type {
  BackupType,
  Snapshot,
  SnapshotManifest,
  SnapshotStatistics,
} from '../model/snapshot.ts'
import type { Repository } from '../repository/repository.ts'

/*
 * The commands' view of the library: what they call and what they get. The commands hold no other tie to the operations,
 * so that `--help` and `version` load none of them and tests can run every command on a stand-in.
 */

/** What every long operation takes. */
export interface OperationOptions {
  readonly signal: AbortSignal
  readonly onEvent: OnEvent
}

export interface OpenOptions {
  /** Absolute path or URL. */
  readonly location: string
  /** Called at most once, and only when the repository is encrypted. */
  readonly passphrase: () => Promise<string>
  /** Absolute; undefined leaves the choice to the library. */
  readonly cacheDirectory?: string | undefined
  readonly signal: AbortSignal
}

export interface InitOptions {
  readonly location: string
  /** Undefined makes an unencrypted repository. */
  readonly passphrase?: string | undefined
  readonly chunkAverageBytes?: number | undefined
}

export interface InitResult {
  readonly repositoryId: string
  readonly encryption: RepositoryConfig['encryption']
  readonly chunkAverageBytes: number
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

type ListedFields =
  | 'backupId'
  | 'type'
  | 'startedAtMs'
  | 'endedAtMs'
  | 'hostname'
  | 'username'
  | 'base'
  | 'paths'
  | 'tags'
  | 'description'
  | 'parentId'
  | 'statistics'

/** What a list tells of a snapshot. */
export interface ListedSnapshot extends Pick<SnapshotManifest, ListedFields> {
  readonly id: string
  readonly treeId: string
  /** When it was last proved intact; null when it was not, or was found damaged since. */
  readonly verifiedAtMs: number | null
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
}

export interface RestoreResult {
  readonly filesRestored: number
  readonly filesUnchanged: number
  readonly filesSkipped: number
  readonly filesDeleted: number
  readonly bytesRestored: number
  readonly bytesUnchanged: number
  readonly errors: number
  readonly durationMs: number
}

export interface VerifyOptions extends OperationOptions {
  /** Without it, every snapshot and every pack of the repository. */
  readonly snapshots?: readonly Snapshot[]
}

/** Something that cannot be restored as it was saved. */
export interface Damage {
  readonly message: string
  readonly objectId?: string | undefined
  readonly snapshotId?: string | undefined
  readonly path?: Uint8Array | undefined
  /** Where in the file the damage begins. */
  readonly offsetBytes?: number | undefined
  readonly lengthBytes?: number | undefined
}

export interface VerifyResult {
  readonly snapshots: number
  readonly blobs: number
  /** Plaintext bytes that were read and hashed. */
  readonly bytes: number
  readonly damaged: readonly Damage[]
  readonly durationMs: number
}

export interface PruneResult {
  readonly packsDeleted: number
  readonly packsRewritten: number
  readonly bytesFreed: number
  /** What the repository's packs take afterwards. */
  readonly bytesLeft: number
  readonly durationMs: number
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

export interface Library {
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
  dumpFile(
    repository: Repository,
    snapshot: Snapshot,
    path: Buffer,
    target: { readonly output: Writable; readonly signal: AbortSignal },
  ): Promise<unknown>
  restore(repository: Repository, options: RestoreOptions): Promise<RestoreResult>
  verify(repository: Repository, options: VerifyOptions): Promise<VerifyResult>
  deleteSnapshots(
    repository: Repository,
    snapshots: readonly Snapshot[],
    options: OperationOptions,
  ): Promise<void>
  prune(
    repository: Repository,
    options: OperationOptions & { readonly dryRun: boolean },
  ): Promise<PruneResult>
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
  /** Builds the catalogue anew from the objects alone. */
  repairCatalogue(repository: Repository, options: OperationOptions): Promise<RepairResult>
}
