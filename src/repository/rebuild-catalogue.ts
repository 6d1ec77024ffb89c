import { deleteCatalogue } from '../catalogue/catalogue.ts'
import { catchUp, type UnusableObject } from './catch-up.ts'
import { acquireLock } from './locks.ts'
import type { Repository } from './repository.ts'

/**
 * Deletes the catalogue and builds it anew from the objects alone.
 *
 * @returns objects that could not be taken in
 * @throws {RepositoryError} `REPOSITORY_LOCKED` while another process works on the repository
 */
export async function rebuildCatalogue(repository: Repository): Promise<UnusableObject[]> {
  const lock = await acquireLock(repository.storage, 'exclusive', 'repair catalogue')
  try {
    await repository.exchangeCatalogue(async () => {
      deleteCatalogue(repository.context.cataloguePath)
    })
    return await catchUp(repository)
  } finally {
    await lock.release()
  }
}
