import { HoldfastError } from '../foundation/errors.ts'
import type { Repository } from './repository.ts'

/**
 * Copies of a repository's files have its id and its keys, and share its catalogue in the cache folder: they are made and mended by copying files.
 *
 * @throws {HoldfastError} `USAGE` when both are the same
 */
export function refuseSameRepository(target: Repository, source: Repository): void {
  if (target.repositoryId !== source.repositoryId) return
  throw new HoldfastError(
    'USAGE',
    `Cannot copy from "${source.location}" to "${target.location}": they are the same repository`,
    { remedy: 'Name another repository; `holdfast init` creates one' },
  )
}
