import type { SnapshotSummary } from '../catalogue/snapshot-row.ts'
import type { RepositoryConfig } from '../model/repository-config.ts'
import type { Repository } from './repository.ts'

/** What a repository is and holds, out of the catalogue. */
export interface RepositoryStatus {
  readonly repositoryId: string
  readonly encryption: RepositoryConfig['encryption']
  readonly chunkAverageBytes: number
  readonly snapshots: number
  readonly verifiedSnapshots: number
  readonly latest?: SnapshotSummary
  readonly packs: number
  /** Bytes of the repository's packs. */
  readonly storedBytes: number
  readonly blobs: number
  /** Plaintext bytes of the different blobs. */
  readonly uniqueBytes: number
  /** Sum of the sizes of all files of all snapshots. */
  readonly sourceBytes: number
}

export function status(repository: Repository): RepositoryStatus {
  const { catalogue, config } = repository
  const snapshots = catalogue.snapshots.list()
  const { packs, storedBytes, blobs, uniqueBytes } = catalogue.blobs.totals()
  const latest = snapshots.at(-1)
  return {
    repositoryId: config.repositoryId,
    encryption: config.encryption,
    chunkAverageBytes: config.chunkAverageBytes,
    snapshots: snapshots.length,
    verifiedSnapshots: snapshots.filter(({ verifiedAtMs }) => verifiedAtMs !== null).length,
    ...(latest ? { latest } : {}),
    packs,
    storedBytes,
    blobs,
    uniqueBytes,
    sourceBytes: snapshots.reduce((sum, { statistics }) => sum + statistics.bytes, 0),
  }
}
