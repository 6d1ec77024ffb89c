import { deleteCatalogue } from '../catalogue/catalogue.ts'
import { catchUp } from './catch-up.ts'
import { acquireLock } from './locks.ts'
import type { Repository } from './repository.ts'

export interface RepairResult {
  readonly snapshots: number
  readonly packs: number
  readonly blobs: number
  /** Objects that could not be taken in. */
  readonly unusable: readonly { readonly name: string; readonly message: string }[]
  readonly durationMs: number
}

/**
 * Deletes the catalogue and builds it anew from the objects alone.
 *
 * @throws {RepositoryError} `REPOSITORY_LOCKED` while another process works on the repository
 */
export async function repairCatalogue(repository: Repository): Promise<RepairResult> {
  const startedAtMs = Date.now()
  const lock = await acquireLock(repository.storage, 'exclusive', 'repair catalogue')
  try {
    await repository.exchangeCatalogue(async () => {
      deleteCatalogue(repository.context.cataloguePath)
    })
    const unusable = await catchUp(repository)
    repository.noteUnusable(unusable)
    const { catalogue } = repository
    return {
      snapshots: catalogue.snapshots.count(),
      packs: catalogue.blobs.packs().length,
      blobs: catalogue.blobs.count(),
      unusable: unusable.map(({ name, error }) => ({ name, message: error.message })),
      durationMs: Date.now() - startedAtMs,
    }
  } finally {
    await lock.release()
  }
}
