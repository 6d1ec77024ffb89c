import type { RepositoryError } from '../foundation/errors.ts'

/** @param refusal `REPOSITORY_LOCKED`, whose facts name who holds the lock; undefined when nobody is waited for any more */
export type OnLockWait = (refusal: RepositoryError | undefined) => void
