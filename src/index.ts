/**
 * The public library of Holdfast.
 *
 * @module
 */
export {
  DamageError,
  HoldfastError,
  RepositoryError,
  SourceError,
  TargetError,
  type ErrorCode,
  type ErrorFacts,
} from './foundation/errors.ts'
export type { HoldfastEvent, OnEvent, ProgressEvent } from './foundation/progress-event.ts'
export type { Actor } from './model/actor.ts'
export type { SnapshotId } from './model/ids.ts'
export type { ObjectLock } from './model/object-lock.ts'
export type { ParitySetting } from './model/parity-setting.ts'
export type {
  CalendarSpan,
  Grouping,
  KeepPolicy,
  LimitPolicy,
  RetentionPeriod,
  RetentionPolicy,
} from './model/retention-policy.ts'
export type { Encryption, RepositoryConfig } from './model/repository-config.ts'
export type {
  BackupType,
  PathText,
  Snapshot,
  SnapshotManifest,
  SnapshotOrigin,
  SnapshotStatistics,
} from './model/snapshot.ts'
export {
  check,
  type CheckOptions,
  type CheckResult,
  type ReadingState,
} from './operations/check/check.ts'
export { choosePacks, type ReadSubset } from './operations/check/read-subset.ts'
export { listTree, type ListedEntry } from './operations/browse/list-tree.ts'
export {
  diffSnapshots,
  type Change,
  type ChangeKind,
  type DiffOptions,
  type DiffSummary,
} from './operations/browse/diff-snapshots.ts'
export type { EntryKind } from './operations/browse/entry-kind-word.ts'
export {
  fileHistory,
  type FileVersion,
  type HistoryOptions,
  type VersionSnapshot,
} from './operations/browse/file-history.ts'
export {
  findPaths,
  type FindOptions,
  type FindResult,
  type FoundEntry,
} from './operations/browse/find-paths.ts'
export {
  listDirectory,
  type DirectoryListing,
  type ListDirectoryOptions,
} from './operations/browse/list-directory.ts'
export {
  deletionStatistics,
  type DeletionStatistics,
} from './operations/statistics/deletion-statistics.ts'
export {
  repositoryStatistics,
  type FolderSpace,
  type RepositoryStatistics,
  type SnapshotSpace,
  type SpaceUse,
  type StatisticsOptions,
  type StatisticsTotals,
  type TypeSpace,
} from './operations/statistics/repository-statistics.ts'
export { copySnapshots } from './operations/copy/copy-snapshots.ts'
export type {
  CopiedSnapshot,
  CopyOptions,
  CopyResult,
  LostSource,
  SelectedSnapshot,
} from './operations/copy/copy-options.ts'
export { dumpFile } from './operations/browse/dump-file.ts'
export { exportSnapshot } from './operations/export/export-snapshot.ts'
export type { ExportOptions, ExportResult } from './operations/export/export-options.ts'
export { importArchives } from './operations/import/import-archives.ts'
export type {
  ImportedArchive,
  ImportOptions,
  ImportOutcome,
  ImportResult,
} from './operations/import/import-options.ts'
export {
  prune,
  type PruneOptions,
  type PruneResult,
  type PruneWitness,
} from './operations/prune/prune.ts'
export {
  forgetByPolicy,
  type ForgetByPolicyOptions,
  type ForgetByPolicyResult,
} from './operations/retention/forget-by-policy.ts'
export { forgetSnapshots } from './operations/retention/forget-snapshots.ts'
export { undeleteSnapshots } from './operations/retention/undelete-snapshots.ts'
export { listForgotten, type ForgottenSnapshot } from './repository/list-forgotten.ts'
export {
  repairPacks,
  type PackRepair,
  type RepairPacksOptions,
  type RepairPacksResult,
} from './operations/repair/repair-packs.ts'
export type { SnapshotRefill } from './operations/repair/refill-snapshots.ts'
export {
  repairVersions,
  type RepairVersionsOptions,
  type RepairVersionsResult,
} from './operations/repair/repair-versions.ts'
export type { LostPath } from './operations/repair/find-lost-paths.ts'
export {
  repairSnapshots,
  type RepairSnapshotsOptions,
  type RepairSnapshotsResult,
  type SnapshotRepair,
} from './operations/repair/repair-snapshots.ts'
export { restore } from './operations/restore/restore.ts'
export type {
  Overwrite,
  RestoreOptions,
  RestoreResult,
} from './operations/restore/restore-options.ts'
export { snapshot } from './operations/snapshot/snapshot.ts'
export type { SnapshotOptions, SnapshotResult } from './operations/snapshot/snapshot-options.ts'
export {
  verify,
  type Damage,
  type VerifyOptions,
  type VerifyResult,
} from './operations/verify/verify.ts'
export { initRepository, type InitOptions, type InitResult } from './repository/init-repository.ts'
export {
  addKey,
  changeKey,
  listKeys,
  removeKey,
  type KeyDescription,
} from './repository/key-management.ts'
export type { StorageSettings } from './repository/open-chosen-storage.ts'
export { listSnapshots, type SnapshotFilters } from './repository/list-snapshots.ts'
export { openRepository, type OpenOptions } from './repository/open-repository.ts'
export { parityStatus, type ParityStatus } from './repository/parity/parity-status.ts'
export {
  reconstructPacks,
  type ReconstructedPack,
  type Reconstruction,
  type UnrecoverablePack,
} from './repository/parity/reconstruct-packs.ts'
export {
  runParityUpdate as updateParity,
  setParity,
  type ParityRunOptions,
} from './repository/parity/run-parity-update.ts'
export type { ParityUpdateResult } from './repository/parity/update-parity.ts'
export { readConfig } from './repository/read-config.ts'
export { repairCatalogue, type RepairResult } from './repository/repair-catalogue.ts'
export type { Repository } from './repository/repository.ts'
export { resolveSnapshot } from './repository/resolve-snapshot.ts'
export { status, type RepositoryStatus } from './repository/status.ts'
