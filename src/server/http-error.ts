import type { ErrorFacts } from '../foundation/errors.ts'

/** What only a request can meet, beside the codes of docs/ERRORS.md; each is listed in docs/API.md. */
export type HttpErrorCode =
  | 'INVALID_REQUEST'
  | 'UNAUTHENTICATED'
  | 'READ_ONLY'
  | 'HOST_REFUSED'
  | 'ORIGIN_REFUSED'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'BODY_TOO_LARGE'
  | 'RANGE_REFUSED'
  | 'TOO_MANY_REQUESTS'
  | 'TOO_MANY_CONNECTIONS'
  | 'STOPPING'

export interface HttpErrorOptions {
  readonly remedy?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly facts?: ErrorFacts
}

/** A request that is answered with an error that is the client's, or the moment's. */
export class HttpError extends Error {
  readonly status: number
  readonly code: HttpErrorCode
  readonly remedy: string
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    code: HttpErrorCode,
    message: string,
    { remedy = '', headers = {} }: HttpErrorOptions = {},
  ) {
    super(message)
    this.name = 'HttpError'
    this.status = status
    this.code = code
    this.remedy = remedy
    this.headers = headers
  }
}
