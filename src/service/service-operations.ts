import type { OnEvent } from '../foundation/progress-event.ts'
import type { Actor } from '../model/actor.ts'
import type { PathText, Snapshot, SnapshotManifest, SnapshotOrigin } from '../model/snapshot.ts'
import type { Grouping, RetentionPolicy } from '../model/retention-policy.ts'
import type { CopyOptions, CopyResult } from '../operations/copy/copy-options.ts'
import type { ExportOptions, ExportResult } from '../operations/export/export-options.ts'
import type { ImportOptions, ImportResult } from '../operations/import/import-options.ts'
import type { PruneOptions, PruneResult } from '../operations/prune/prune.ts'
import type { RestoreOptions, RestoreResult } from '../operations/restore/restore-options.ts'
import type { SnapshotOptions, SnapshotResult } from '../operations/snapshot/snapshot-options.ts'
import type { VerifyResult } from '../operations/verify/verify.ts'
import type { SnapshotId } from '../model/ids.ts'
import type { TellOptions, ToldAlerts } from '../monitoring/alerts/tell-alerts.ts'
import type { StorageSettings } from '../repository/open-chosen-storage.ts'
import type { Repository } from '../repository/repository.ts'
import type { writeJournal } from '../repository/write-journal.ts'

/** What every long operation takes. */
export interface Following {
  readonly signal: AbortSignal
  readonly onEvent: OnEvent
}

/** What a policy says of one snapshot. */
export interface PolicyDecision {
  readonly snapshot: PolicySnapshot
  /** The time that the policy counted with. */
  readonly timeMs: number
  readonly isKept: boolean
  /** Never empty. */
  readonly reasons: readonly string[]
  /** What is wrong with its time. */
  readonly suspicion?: string | undefined
  /** How far the clock of its host was ahead, negative when it was behind; undefined when it was right. */
  readonly clockAheadMs?: number | undefined
}

type SnapshotFields =
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

/** What is told of a snapshot that a policy looked at, and by every list. */
export interface PolicySnapshot extends Pick<SnapshotManifest, SnapshotFields> {
  readonly id: string
  readonly treeId: string
  /** What it is a copy of. */
  readonly original?: SnapshotOrigin | null
  /** When it was last proved intact; null when it was not, or was found damaged since. */
  readonly verifiedAtMs: number | null
  /** When it was found damaged; null when it was not, or was proved intact since. */
  readonly damagedAtMs?: number | null
}

/** Snapshots that a policy looked at together, and what they have in common as far as they were grouped by it. */
export interface PolicyGroup {
  readonly hostname: string | undefined
  readonly paths: readonly PathText[] | undefined
  readonly tags: readonly string[] | undefined
  /** Id of the repository that they are copies of. */
  readonly copiedFrom?: string | undefined
  /** Newest first. */
  readonly decisions: readonly PolicyDecision[]
  /** The policy removes some of it, and keeps nothing by its own rules. */
  readonly removesAll: boolean
}

export interface PolicyOptions extends Following {
  readonly policy: RetentionPolicy
  /** Empty makes one group of all. */
  readonly groupBy: ReadonlySet<Grouping>
  /** What the policy is applied to. */
  readonly isSelected: (snapshot: PolicySnapshot) => boolean
  readonly trustTimes: boolean
  /** Also when the policy keeps nothing of a group. */
  readonly mayRemoveAll: boolean
  readonly dryRun: boolean
  /** For the records of what was deleted. */
  readonly actor?: Actor
}

export interface PolicyResult {
  readonly groups: readonly PolicyGroup[]
  /** Nothing was forgotten, because the policy keeps nothing of a group. */
  readonly isRefused: boolean
}

export type Pruned = PruneResult
export type Saved = Pick<SnapshotResult, 'snapshot' | 'statistics' | 'unreadable' | 'durationMs'> &
  Partial<Pick<SnapshotResult, 'missing'>>
export type Restored = Omit<RestoreResult, 'directories' | 'others' | 'paths' | 'pathsOmitted'> &
  Partial<Pick<RestoreResult, 'paths' | 'pathsOmitted'>>
export type Verified = Omit<VerifyResult, 'packs' | 'readBytes' | 'damaged'> & {
  readonly damaged: readonly FoundDamage[]
}

export interface FoundDamage {
  readonly message: string
  readonly objectId?: string | undefined
  readonly snapshotId?: string | undefined
  readonly path?: Uint8Array | undefined
  readonly offsetBytes?: number | undefined
  readonly lengthBytes?: number | undefined
  readonly fileBytes?: number | undefined
}

/** What opening a repository takes. */
export interface OpeningOptions {
  readonly location: string
  readonly passphrase: () => Promise<string>
  readonly cacheDirectory?: string | undefined
  readonly storage?: StorageSettings | undefined
  readonly retryLockMs?: number | undefined
  readonly signal: AbortSignal
}

/**
 * What the services stand on: the operations, each loaded when it is called first. The command line gives its own library in their place, so
 * that tests can run every command on a stand-in.
 */
export interface ServiceOperations {
  openRepository(options: OpeningOptions): Promise<Repository>
  snapshot(repository: Repository, options: SnapshotOptions & Following): Promise<Saved>
  restore(repository: Repository, options: RestoreOptions & Following): Promise<Restored>
  verify(
    repository: Repository,
    options: Following & {
      readonly snapshots?: readonly Snapshot[]
      readonly dryRun?: boolean
    },
  ): Promise<Verified>
  forgetSnapshots(
    repository: Repository,
    snapshots: readonly Snapshot[],
    options: Following & { readonly actor?: Actor },
  ): Promise<void>
  undeleteSnapshots(repository: Repository, ids: readonly SnapshotId[]): Promise<void>
  forgetByPolicy(repository: Repository, options: PolicyOptions): Promise<PolicyResult>
  prune(
    repository: Repository,
    options: PruneOptions & Following & { readonly dryRun: boolean },
  ): Promise<Pruned>
  copySnapshots(
    target: Repository,
    source: Repository,
    options: CopyOptions & Following,
  ): Promise<CopyResult>
  exportSnapshot(repository: Repository, options: ExportOptions): Promise<ExportResult>
  importArchives(repository: Repository, options: ImportOptions): Promise<ImportResult>
  writeJournal: typeof writeJournal
  tellAlerts(repository: Repository, options: TellOptions): Promise<ToldAlerts>
}

export const serviceOperations: ServiceOperations = {
  async openRepository(options) {
    const { openRepository } = await import('../repository/open-repository.ts')
    return await openRepository(options)
  },
  async snapshot(repository, options) {
    const { snapshot } = await import('../operations/snapshot/snapshot.ts')
    return await snapshot(repository, options)
  },
  async restore(repository, options) {
    const { restore } = await import('../operations/restore/restore.ts')
    return await restore(repository, options)
  },
  async verify(repository, options) {
    const { verify } = await import('../operations/verify/verify.ts')
    return await verify(repository, options)
  },
  async forgetSnapshots(repository, snapshots, { actor }) {
    const { forgetSnapshots } = await import('../operations/retention/forget-snapshots.ts')
    await forgetSnapshots(repository, snapshots, actor)
  },
  async undeleteSnapshots(repository, ids) {
    const { undeleteSnapshots } = await import('../operations/retention/undelete-snapshots.ts')
    await undeleteSnapshots(repository, ids)
  },
  async forgetByPolicy(repository, options) {
    const { forgetByPolicy } = await import('../operations/retention/forget-by-policy.ts')
    return await forgetByPolicy(repository, options)
  },
  async prune(repository, options) {
    const { prune } = await import('../operations/prune/prune.ts')
    return await prune(repository, options)
  },
  async copySnapshots(target, source, options) {
    const { copySnapshots } = await import('../operations/copy/copy-snapshots.ts')
    return await copySnapshots(target, source, options)
  },
  async exportSnapshot(repository, options) {
    const { exportSnapshot } = await import('../operations/export/export-snapshot.ts')
    return await exportSnapshot(repository, options)
  },
  async importArchives(repository, options) {
    const { importArchives } = await import('../operations/import/import-archives.ts')
    return await importArchives(repository, options)
  },
  async writeJournal(repository, record) {
    const { writeJournal: write } = await import('../repository/write-journal.ts')
    await write(repository, record)
  },
  async tellAlerts(repository, options) {
    const { tellAlerts } = await import('../monitoring/alerts/tell-alerts.ts')
    return await tellAlerts(repository, options)
  },
}
