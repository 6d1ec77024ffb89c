import {
  DamageError,
  HoldfastError,
  RepositoryError,
  SourceError,
  TargetError,
  type ErrorCode,
  type ErrorFacts,
} from './errors.ts'

/** What callers tell apart, subclasses first. By these names and not their own, which a bundle may change. */
const classes = { DamageError, RepositoryError, SourceError, TargetError, HoldfastError }

/** A form of an error that survives structured cloning between threads. */
export interface TransferredError {
  /** Of the nearest class in the table. */
  readonly className: string
  readonly code: ErrorCode
  readonly message: string
  readonly remedy: string
  readonly facts: ErrorFacts
  readonly stack: string
  readonly cause: string
}

export function transferError(error: unknown): TransferredError {
  const known = error instanceof HoldfastError
  const plain = error instanceof Error ? error : new Error(String(error))
  return {
    className: nearestClass(error),
    code: known ? error.code : 'INTERNAL',
    message: plain.message,
    remedy: known ? error.remedy : '',
    facts: known ? error.facts : {},
    stack: plain.stack ?? '',
    cause: plain.cause instanceof Error ? plain.cause.message : '',
  }
}

function nearestClass(error: unknown): string {
  const found = Object.entries(classes).find(([, constructor]) => error instanceof constructor)
  return found?.[0] ?? 'Error'
}

/** Restores the class, so that a repository fault in a worker is still a repository fault on the main thread. */
export function receiveError(transferred: TransferredError): HoldfastError {
  const { code, message, remedy, facts } = transferred
  const options = {
    remedy,
    facts,
    ...(transferred.cause ? { cause: new Error(transferred.cause) } : {}),
  }
  const error = rebuild(transferred.className, code, message, options)
  error.stack = `${error.name}: ${message}\n${transferred.stack}`
  return error
}

function rebuild(
  className: string,
  code: ErrorCode,
  message: string,
  options: { remedy: string; facts: ErrorFacts; cause?: Error },
): HoldfastError {
  switch (className) {
    case 'DamageError':
      return new DamageError(message, options)
    case 'RepositoryError':
      return new RepositoryError(code, message, options)
    case 'SourceError':
      return new SourceError(message, options)
    case 'TargetError':
      return new TargetError(message, options)
    default:
      return new HoldfastError(code, message, options)
  }
}
