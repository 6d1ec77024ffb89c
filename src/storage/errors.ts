import { DamageError, RepositoryError } from '../foundation/errors.ts'
import { isContentNamed } from './object-name.ts'

/** The name is taken by an object with other bytes. */
export class ObjectConflictError extends RepositoryError {
  readonly objectName: string

  constructor(location: string, name: string) {
    const contentNamed = isContentNamed(name)
    super(
      contentNamed ? 'OBJECT_DAMAGED' : 'STORAGE_FAILED',
      `Cannot store "${name}" in "${location}": another object has this name`,
      {
        // Two objects whose names are their hashes can only differ when the one that is there is
        // not what was written.
        remedy: contentNamed
          ? 'Run `holdfast verify --all` to see what is affected'
          : 'Run the command again; a new name is drawn each time',
        facts: { location, name, isConflict: true },
      },
    )
    this.objectName = name
  }
}

/** Whether the name was taken by other bytes. By a fact and not by the class, which is lost on the way from another thread. */
export function isConflict(error: unknown): boolean {
  return error instanceof RepositoryError && error.facts['isConflict'] === true
}

const fullCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])

const remedies: Readonly<Record<string, string>> = {
  EACCES: 'Give this user access to the folder, or run as the user who owns it',
  EPERM: 'Give this user access to the folder, or run as the user who owns it',
  EROFS: 'Mount the file system writable, or choose another repository folder',
  EIO: 'Check the disk and the kernel log, then run `holdfast verify --all`',
  EXDEV: 'Keep all folders of the repository, tmp/ included, on one file system',
  EMFILE: 'Raise the limit of open files (ulimit -n)',
  ENFILE: 'Raise the limit of open files of the machine (fs.file-max)',
}

/** The place where the objects should be is not there: no bucket of this name. */
export const noPlaceCode = 'NoSuchBucket'

export function errorCodeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : ''
}

export interface StorageFault {
  /** Verb phrase for the message: `Cannot <action> "<path>"`. */
  readonly action: string
  readonly path: string
  readonly cause: unknown
}

/** Turns an error of the operating system into a typed one; typed ones pass unchanged. */
export function storageError(fault: StorageFault): Error {
  const { action, path, cause } = fault
  if (cause instanceof RepositoryError || cause instanceof RangeError) return cause
  const errno = errorCodeOf(cause)
  const state = cause instanceof Error ? cause.message : String(cause)
  if (fullCodes.has(errno)) {
    return new RepositoryError(
      'STORAGE_FULL',
      `Cannot ${action} "${path}": no space left (${errno})`,
      {
        remedy:
          'Free space on that disk, or run `holdfast forget` and `holdfast prune --grace 0`, which work on a full one; then run the command again',
        facts: { path, errno },
        cause,
      },
    )
  }
  return new RepositoryError('STORAGE_FAILED', `Cannot ${action} "${path}": ${state}`, {
    remedy:
      remedies[errno] ??
      'Check that the storage can be reached and written, then run the command again',
    facts: { path, errno },
    cause,
  })
}

export function missingError(location: string, name: string, cause?: unknown): RepositoryError {
  return new RepositoryError(
    'OBJECT_MISSING',
    `Cannot read "${name}" in "${location}": it is not there`,
    {
      remedy: 'Run `holdfast verify --all` to see what is affected',
      facts: { location, name, errno: errorCodeOf(cause) },
      cause,
    },
  )
}

/** The object is there, but is not something that was ever written under its name. */
export function damagedError(location: string, name: string, state: string): DamageError {
  return new DamageError(`Cannot read "${name}" in "${location}": ${state}`, {
    facts: { location, name },
  })
}

/** @throws {RangeError} when the range is not one of whole, non-negative bytes. */
export function assertRange(offsetBytes: number, lengthBytes: number): void {
  if (
    !Number.isSafeInteger(offsetBytes) ||
    !Number.isSafeInteger(lengthBytes) ||
    offsetBytes < 0 ||
    lengthBytes < 0
  ) {
    throw new RangeError(`Not a byte range: offset ${offsetBytes}, length ${lengthBytes}`)
  }
}
