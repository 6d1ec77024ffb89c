import { HoldfastError } from '../foundation/errors.ts'
import type { BackupRecord } from '../model/backup-record.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Repository } from '../repository/repository.ts'
import type { Library } from './library.ts'

export interface NamedBackups {
  readonly snapshots: readonly Snapshot[]
  /** Runs that made none. */
  readonly failedRuns: readonly BackupRecord[]
}

/**
 * Finds everything that `list` shows: snapshots, and failed runs by their `backup_<seconds>`. All are found before anything is done with one of them; what is
 * named twice is taken once.
 *
 * @throws {HoldfastError} `SNAPSHOT_NOT_FOUND` or `SNAPSHOT_AMBIGUOUS`
 */
export async function resolveBackups(
  library: Library,
  repository: Repository,
  names: readonly string[],
): Promise<NamedBackups> {
  const snapshots = new Map<string, Snapshot>()
  const failedRuns = new Map<string, BackupRecord>()
  for (const name of names) {
    try {
      const snapshot = await library.resolveSnapshot(repository, name)
      snapshots.set(snapshot.id, snapshot)
    } catch (error) {
      if (!(error instanceof HoldfastError && error.code === 'SNAPSHOT_NOT_FOUND')) throw error
      const run = (await library.listBackups(repository)).find(
        ({ backup_id, metadata }) => backup_id === name && metadata.snapshot_id === null,
      )
      if (run === undefined) throw error
      failedRuns.set(name, run)
    }
  }
  return { snapshots: [...snapshots.values()], failedRuns: [...failedRuns.values()] }
}
