import { deleteCatalogue } from '../catalogue/catalogue.ts'
import { CatalogueError } from '../catalogue/errors.ts'
import { isSharedMemory } from '../catalogue/shared-memory.ts'
import { catchUp, type UnusableObject } from './catch-up.ts'
import { lockOptionsOf } from './lock-repository.ts'
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
 * Builds the catalogue anew from the objects alone.
 *
 * @throws {RepositoryError} `REPOSITORY_LOCKED` while another process works on the repository
 */
export async function repairCatalogue(repository: Repository): Promise<RepairResult> {
  const startedAtMs = Date.now()
  const lock = await acquireLock(
    repository.storage,
    'exclusive',
    'repair catalogue',
    lockOptionsOf(repository),
  )
  try {
    const unusable = await buildAnew(repository)
    repository.noteUnusable(unusable)
    const { catalogue } = repository
    const { packs, blobs } = catalogue.blobs.totals()
    return {
      snapshots: catalogue.snapshots.count(),
      packs,
      blobs,
      unusable: unusable.map(({ name, error }) => ({ name, message: error.message })),
      durationMs: Date.now() - startedAtMs,
    }
  } finally {
    await lock.release()
  }
}

/**
 * In one transaction, because deleting the files takes them away from under others that have them open. Only what is damaged is deleted; so is
 * what lies in memory, where all share one connection and would see and write what is not finished.
 */
async function buildAnew(repository: Repository): Promise<UnusableObject[]> {
  const { cataloguePath } = repository.context
  if (!isSharedMemory(cataloguePath) && isReadable(repository)) {
    return await repository.catalogue.rebuild(async () => {
      repository.catalogue.writeMeta('repositoryId', repository.config.repositoryId)
      return await catchUp(repository)
    })
  }
  await repository.exchangeCatalogue(async () => {
    deleteCatalogue(cataloguePath)
  })
  return await catchUp(repository)
}

function isReadable({ catalogue }: Repository): boolean {
  try {
    return catalogue.isReadable()
  } catch (error) {
    if (!(error instanceof CatalogueError) || !error.isRebuildable) throw error
    return false
  }
}
