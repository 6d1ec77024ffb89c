import type { StandingCondemnation } from '../../model/condemnation.ts'
import type { PackId } from '../../model/ids.ts'
import { planIndexReplacement, replaceIndexObjects } from '../../repository/index-replacement.ts'
import { deleteObjects } from '../../repository/delete-objects.ts'
import type { RepositoryLock } from '../../repository/locks.ts'
import type { Repository } from '../../repository/repository.ts'

/**
 * Deletes condemned packs. Nobody who might use them is at work any more: that has been made sure of.
 *
 * Order: index objects for what stays durable → old index objects gone → packs gone → condemned objects gone. A run that is cut off at any
 * point leaves every snapshot whole, and a condemned object as long as anything of it is left to do.
 *
 * @param gone the condemned packs that nothing needs
 */
export async function sweep(
  repository: Repository,
  condemnations: readonly StandingCondemnation[],
  gone: ReadonlySet<PackId>,
  lock: RepositoryLock,
): Promise<void> {
  const { storage, catalogue } = repository
  if (gone.size > 0) {
    const steps = await planIndexReplacement(repository, gone)
    const names = [...gone].map((id) => `packs/${id}`)
    const replaced = await replaceIndexObjects(repository, steps, lock)
    await deleteObjects(storage, names)
    await storage.sync('packs')
    catalogue.indexObjects.remove(replaced)
  }
  await deleteObjects(
    storage,
    condemnations.map(({ id }) => `condemned/${id}`),
  )
  await storage.sync('condemned')
}
