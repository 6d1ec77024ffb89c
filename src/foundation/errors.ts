/** Stable error codes. Each is listed in docs/ERRORS.md with meaning, remedy and exit status; messages may change, codes may not. */
export type ErrorCode =
  | 'USAGE'
  | 'CONFIG_INVALID'
  | 'REPOSITORY_NOT_FOUND'
  | 'REPOSITORY_EXISTS'
  | 'REPOSITORY_LOCKED'
  | 'REPOSITORY_DAMAGED'
  | 'FORMAT_UNSUPPORTED'
  | 'PASSPHRASE_WRONG'
  | 'PASSPHRASE_MISSING'
  | 'SNAPSHOT_NOT_FOUND'
  | 'SNAPSHOT_AMBIGUOUS'
  | 'PATH_NOT_FOUND'
  | 'OBJECT_DAMAGED'
  | 'OBJECT_MISSING'
  | 'STORAGE_FAILED'
  | 'STORAGE_FULL'
  | 'CATALOGUE_BUSY'
  | 'CATALOGUE_FAILED'
  | 'SOURCE_UNREADABLE'
  | 'TARGET_UNWRITABLE'
  | 'KEY_REFUSED'
  | 'NOT_VERIFIED'
  | 'RETENTION_REFUSED'
  | 'BACKUP_DISABLED'
  | 'HOOK_FAILED'
  | 'ALREADY_RUNNING'
  | 'LISTEN_FAILED'
  | 'TARGET_REFUSED'
  | 'INTERRUPTED'
  | 'WORKER_FAILED'
  | 'INTERNAL'

/** Facts for logs and `--json`; never a secret. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | readonly string[]>>

export interface HoldfastErrorOptions extends ErrorOptions {
  /** Imperative next step for the operator, naming the command to run. */
  readonly remedy?: string
  readonly facts?: ErrorFacts
}

/**
 * Everything an operator can meet. Mistakes of the calling program are `TypeError` or `RangeError`.
 *
 * The message has the form: action, object in quotes, colon, state found; no full stop.
 */
export class HoldfastError extends Error {
  readonly code: ErrorCode
  readonly remedy: string
  readonly facts: ErrorFacts

  constructor(code: ErrorCode, message: string, options: HoldfastErrorOptions = {}) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    this.remedy = options.remedy ?? ''
    this.facts = options.facts ?? {}
  }
}

/**
 * A fault of the repository or its storage. It ends the run without a snapshot; it is never treated as
 * a fault of one source file (borg made that confusion twice, #1138 and #9853, and lost files by it).
 */
export class RepositoryError extends HoldfastError {
  declare readonly kind: 'repository'
}

/** Bytes in the repository are not what was written: wrong hash, failed authentication, impossible structure. */
export class DamageError extends RepositoryError {
  constructor(message: string, options: HoldfastErrorOptions = {}) {
    super('OBJECT_DAMAGED', message, {
      remedy: 'Run `holdfast verify --all` to see what is affected',
      ...options,
    })
  }
}

/** A fault of one file that was to be saved. The run goes on and ends with exit status 3. */
export class SourceError extends HoldfastError {
  declare readonly kind: 'source'

  constructor(message: string, options: HoldfastErrorOptions = {}) {
    super('SOURCE_UNREADABLE', message, options)
  }
}

/** A fault of one file that was to be written by a restore. */
export class TargetError extends HoldfastError {
  declare readonly kind: 'target'

  constructor(message: string, options: HoldfastErrorOptions = {}) {
    super('TARGET_UNWRITABLE', message, options)
  }
}
