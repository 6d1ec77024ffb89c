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
export type { SnapshotId } from './model/ids.ts'
export type { Encryption, RepositoryConfig } from './model/repository-config.ts'
export type {
  BackupType,
  PathText,
  Snapshot,
  SnapshotManifest,
  SnapshotStatistics,
} from './model/snapshot.ts'
export { listTree, type ListedEntry } from './operations/browse/list-tree.ts'
export { dumpFile } from './operations/browse/dump-file.ts'
export { prune, type PruneOptions, type PruneResult } from './operations/prune/prune.ts'
export { deleteSnapshots } from './operations/retention/delete-snapshots.ts'
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
export { listSnapshots, type SnapshotFilters } from './repository/list-snapshots.ts'
export { openRepository, type OpenOptions } from './repository/open-repository.ts'
export { readConfig } from './repository/read-config.ts'
export { repairCatalogue, type RepairResult } from './repository/repair-catalogue.ts'
export type { Repository } from './repository/repository.ts'
export { resolveSnapshot } from './repository/resolve-snapshot.ts'
export { status, type RepositoryStatus } from './repository/status.ts'
