import { decodeSnapshotManifest } from '../format/manifest/snapshot-manifest.ts'
import { RepositoryError } from '../foundation/errors.ts'
import { isMissing } from './loss.ts'
import type { SnapshotId } from '../model/ids.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Repository } from './repository.ts'

/**
 * Reads a snapshot object, forgotten or not.
 *
 * @throws {RepositoryError} `OBJECT_MISSING` or `OBJECT_DAMAGED`
 */
export async function readSnapshot(repository: Repository, id: SnapshotId): Promise<Snapshot> {
  const plaintext = await readEither(repository, id)
  return { ...decodeSnapshotManifest(plaintext), id }
}

/** One that is forgotten or brought back at this moment is in one of the folders at any time. */
async function readEither(repository: Repository, id: SnapshotId): Promise<Buffer> {
  const folders = ['snapshots', 'forgotten', 'snapshots', 'forgotten'] as const
  for (const folder of folders) {
    try {
      return await repository.readSmallObject('snapshot', `${folder}/${id}`)
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
  throw new RepositoryError('OBJECT_MISSING', `Cannot read snapshot "${id}": it is not there`, {
    remedy: 'Run `holdfast list`, and `holdfast list --forgotten`',
  })
}
