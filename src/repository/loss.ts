import { RepositoryError } from '../foundation/errors.ts'

/** Bytes that are lost, as opposed to a storage that cannot be reached right now. */
export function isLoss(error: unknown): error is RepositoryError {
  return (
    error instanceof RepositoryError &&
    (error.code === 'OBJECT_DAMAGED' || error.code === 'OBJECT_MISSING')
  )
}

/** The object is not there; the storage answered. */
export function isMissing(error: unknown): error is RepositoryError {
  return error instanceof RepositoryError && error.code === 'OBJECT_MISSING'
}

/** Bytes that are not what was stored. What claims to come from a newer version may be one flipped bit. */
export function isDamage(error: unknown): error is RepositoryError {
  return (
    error instanceof RepositoryError &&
    (error.code === 'OBJECT_DAMAGED' || error.code === 'FORMAT_UNSUPPORTED')
  )
}

/** Bytes that cannot be had at this moment, be they lost or not: another copy may serve, and others can be had. */
export function isUnavailable(error: unknown): error is RepositoryError {
  return isLoss(error) || (error instanceof RepositoryError && error.code === 'STORAGE_FAILED')
}

/**
 * What a check names as damage: lost bytes, and what claims to come from a newer version, which one flipped bit is enough for. A storage
 * that fails in another way (a timeout, EIO) is never damage.
 */
export function isFinding(error: unknown): error is RepositoryError {
  return isLoss(error) || (error instanceof RepositoryError && error.code === 'FORMAT_UNSUPPORTED')
}
