import { RepositoryError } from '../../foundation/errors.ts'
import { damagedError, missingError, noPlaceCode, storageError } from '../errors.ts'

/** What the library's errors have in common. */
interface S3Fault {
  readonly name?: string
  readonly code?: string
  readonly message?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: unknown
}

/** Names by which stores say that it is not the request's fault; they come with other statuses, too. */
const passingNames: ReadonlySet<string> = new Set([
  'InternalError',
  'OperationAborted',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'ServiceUnavailable',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
  'TooManyRequestsException',
])

/** What the network says when a connection could not be made or broke. */
const passingCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
])

/** A body that ended before its announced length. */
export class CutOffError extends Error {}

/** HTTP status of an answer; undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  return (error as S3Fault | null)?.$metadata?.httpStatusCode
}

/** Whether another try may end better. A conditional put that loses a race on AWS answers 409 and wants to be sent again. */
export function isTransientFault(error: unknown): boolean {
  if (error instanceof CutOffError) return true
  if (error instanceof RepositoryError) return false
  const { name = '', code = '', message = '' } = (error ?? {}) as S3Fault
  const status = statusOf(error)
  if (status !== undefined) {
    if (status === 501) return false
    if (status >= 500 || status === 408 || status === 409 || status === 429) return true
  }
  // Node's own words for a connection that was closed in the middle of an answer.
  if (code === '' && (message === 'aborted' || message === 'socket hang up')) return true
  return passingNames.has(name) || passingCodes.has(code)
}

/** The store knows the request and does not do it (Swift's answer to a conditional put). */
export function isNotImplemented(error: unknown): boolean {
  return statusOf(error) === 501 || nameOf(error) === 'NotImplemented'
}

/** What a put with a period ends with in a bucket that was made without object lock. */
export function isWithoutLock(error: unknown): boolean {
  return statusOf(error) === 400 && nameOf(error) === 'InvalidRequest'
}

/** The name is taken: the condition of a put did not hold. */
export function isTaken(error: unknown): boolean {
  return statusOf(error) === 412
}

function nameOf(error: unknown): string {
  return (error as S3Fault | null)?.name ?? ''
}

export interface FaultContext {
  /** The repository's address. */
  readonly location: string
  /** Verb phrase: `Cannot <action> "<what>"`. */
  readonly action: string
  /** Name of an object, or of a folder of them. */
  readonly what: string
  readonly bucket: string
}

/** What is wrong with the credentials, in words. */
const credentialStates: ReadonlyMap<string, string> = new Map([
  ['CredentialsProviderError', 'no credentials are given, or those that are named cannot be had'],
  ['TokenProviderError', 'the session of single sign-on is over'],
  ['InvalidAccessKeyId', 'the store does not know this access key'],
  ['SignatureDoesNotMatch', 'the secret key is not the one of this access key'],
  ['ExpiredToken', 'the session of these credentials is over'],
  ['InvalidToken', 'the session token is wrong'],
])
const tlsCodes =
  /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH)/

/** Turns what a request ended with into a typed error. A store that cannot be reached or fails is never damage. */
export function s3Error(error: unknown, at: FaultContext): Error {
  if (error instanceof RepositoryError || error instanceof RangeError) return error
  const name = nameOf(error)
  const status = statusOf(error)
  if (name === noPlaceCode) return bucketError(error, at)
  if (status === 404 || name === 'NoSuchKey' || name === 'NotFound') {
    return missingError(at.location, at.what, error)
  }
  if (status === 416) {
    return damagedError(at.location, at.what, 'it ends before the bytes that were asked for')
  }
  const { code = '' } = (error ?? {}) as S3Fault
  const credentialState = credentialStates.get(name)
  if (credentialState !== undefined)
    return failure(error, at, credentialState, 'EACCES', credentialRemedy)
  // Stores that are full, or whose clock is another, mostly answer 403, too.
  if (status === 507 || name === 'QuotaExceeded' || name === 'InsufficientStorage') {
    return new RepositoryError(
      'STORAGE_FULL',
      `Cannot ${at.action} "${at.what}" in "${at.location}": the store is full (${stateOf(error)})`,
      { remedy: 'Raise its quota or free space, then run the command again', cause: error },
    )
  }
  if (name === 'RequestTimeTooSkewed') {
    return failure(
      error,
      at,
      "this machine's clock and the store's differ too much",
      name,
      clockRemedy,
    )
  }
  if (status === 403 || status === 401) {
    return failure(error, at, stateOf(error), 'EACCES', accessRemedy)
  }
  return networkError(error, at, code || name)
}

function networkError(error: unknown, at: FaultContext, code: string): RepositoryError {
  if (code === 'EPROTO') return failure(error, at, 'it does not speak TLS', code, plainRemedy)
  const remedy = tlsCodes.test(code) ? tlsRemedy : reachRemedy
  return failure(error, at, stateOf(error), code, remedy)
}

const credentialRemedy =
  'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile (AWS_PROFILE), or holdfast.s3 in config.yml'
const accessRemedy = 'Give these credentials the permission for it, or use others'
const clockRemedy = 'Set the clock of this machine (timedatectl set-ntp true)'
const tlsRemedy = 'Name the certificate of its authority with --cacert, or correct the address'
const plainRemedy = 'Write s3:http:// for a store without TLS, or correct the address'
const reachRemedy =
  'Check that the store can be reached and works, then run the command again; nothing is lost'

function failure(
  cause: unknown,
  { location, action, what }: FaultContext,
  state: string,
  errno: string,
  remedy: string,
): RepositoryError {
  return new RepositoryError(
    'STORAGE_FAILED',
    `Cannot ${action} "${what}" in "${location}": ${state}`,
    { remedy, facts: { location, name: what, errno }, cause },
  )
}

function bucketError(cause: unknown, at: FaultContext): RepositoryError {
  return new RepositoryError(
    'STORAGE_FAILED',
    `Cannot ${at.action} "${at.what}" in "${at.location}": there is no bucket "${at.bucket}"`,
    {
      remedy: 'Correct the address, or make the bucket; `holdfast init` makes it, too',
      facts: { location: at.location, name: at.what, errno: noPlaceCode },
      cause,
    },
  )
}

/** What the client says when the store gave a name alone. */
const noMessage = 'UnknownError'

function stateOf(error: unknown): string {
  const { name = '', code = '', message = '' } = (error ?? {}) as S3Fault
  const status = statusOf(error)
  const word = name === '' || name === 'Error' ? code : name
  const text = message === word || message === noMessage ? '' : message
  const parts = [word, text].filter((part) => part !== '').join(': ')
  return status === undefined ? parts || 'no answer' : `${parts} (HTTP ${status})`
}

/** A fault of this machine's files. */
export function spoolError(error: unknown, action: string, path: string): Error {
  return storageError({ action, path, cause: error })
}
