import { RepositoryError } from '../foundation/errors.ts'
import type { Repository } from './repository.ts'

/**
 * An object that a storage lists and does not have. Of a store that is far away nobody can tell whether its listing lags behind a deletion or the
 * object is lost for the moment or for good; on a disk it is lost.
 */
export function listedOnly(
  { storage }: Repository,
  name: string,
  cause: RepositoryError,
): RepositoryError {
  const message = `Cannot go on: ${name} is listed and is not there, so what is needed is not known`
  const options = { cause, facts: { location: storage.location, name } }
  if (!storage.capabilities.isRemote) {
    const remedy = 'Run `holdfast check`, then `holdfast repair packs`; nothing was removed'
    return new RepositoryError('OBJECT_MISSING', message, { ...options, remedy })
  }
  const remedy =
    'Listings of the store may lag behind: run the command again in some minutes, then `holdfast check`; nothing was removed'
  return new RepositoryError('STORAGE_FAILED', message, { ...options, remedy })
}
