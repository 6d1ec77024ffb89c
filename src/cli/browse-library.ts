import type { Writable } from 'node:stream'

import type { SnapshotId } from '../model/ids.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Change, DiffOptions, DiffSummary } from '../operations/browse/diff-snapshots.ts'
import type { FileVersion, HistoryOptions } from '../operations/browse/file-history.ts'
import type { FindOptions, FindResult } from '../operations/browse/find-paths.ts'
import type { DeletionStatistics } from '../operations/statistics/deletion-statistics.ts'
import type {
  RepositoryStatistics,
  StatisticsOptions,
} from '../operations/statistics/repository-statistics.ts'
import type { Repository } from '../repository/repository.ts'

/** The part of the library that looks into snapshots, mostly at many at once. */
export interface BrowseLibrary {
  dumpFile(
    repository: Repository,
    snapshot: Snapshot,
    path: Buffer,
    target: { readonly output: Writable; readonly signal: AbortSignal },
  ): Promise<unknown>
  findPaths(repository: Repository, options: FindOptions): Promise<FindResult>
  /** Newest first. */
  fileHistory(
    repository: Repository,
    path: Buffer,
    options: HistoryOptions,
  ): Promise<readonly FileVersion[]>
  diffSnapshots(
    repository: Repository,
    snapshots: readonly [from: Snapshot, to: Snapshot],
    options: DiffOptions,
  ): Promise<Generator<Change, DiffSummary, undefined>>
  repositoryStatistics(
    repository: Repository,
    options: StatisticsOptions,
  ): Promise<RepositoryStatistics>
  deletionStatistics(
    repository: Repository,
    ids: readonly SnapshotId[],
  ): Promise<DeletionStatistics>
}
