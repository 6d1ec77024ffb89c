import { RepositoryError } from '../foundation/errors.ts'

/** Bytes that are lost, as opposed to a storage that cannot be reached right now. */
export function isLoss(error: unknown): error is RepositoryError {
  return (
    error instanceof RepositoryError &&
    (error.code === 'OBJECT_DAMAGED' || error.code === 'OBJECT_MISSING')
  )
}
