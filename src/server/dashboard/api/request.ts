import { connection } from '../state/connection.ts'
import { endSession } from '../state/session.ts'

/** What the server refused, or that it did not answer (status 0). */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly remedy: string

  constructor(message: string, status: number, code = '', remedy = '') {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.remedy = remedy
  }
}

export type QueryValue = string | number | boolean | null | undefined

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly query?: Readonly<Record<string, QueryValue>>
  readonly body?: unknown
  /** Asks for so many bytes from the beginning only. */
  readonly rangeBytes?: number
  readonly signal?: AbortSignal
}

/** The address of an endpoint; relative, so that the page also works below a proxy's folder. */
export function apiAddress(path: string, query: Readonly<Record<string, QueryValue>> = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') parameters.set(name, String(value))
  }
  const text = parameters.toString()
  return `api/v1/${path}${text === '' ? '' : `?${text}`}`
}

export async function requestJson<Answer>(
  path: string,
  options: RequestOptions = {},
): Promise<Answer> {
  const response = await requestRaw(path, options)
  if (response.status === 204) return undefined as Answer
  return (await response.json()) as Answer
}

/** @throws ApiError for whatever is not a success */
export async function requestRaw(
  path: string,
  { method = 'GET', query = {}, body, rangeBytes, signal }: RequestOptions = {},
): Promise<Response> {
  let response: Response
  try {
    response = await fetch(apiAddress(path, query), {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(rangeBytes !== undefined && { range: `bytes=0-${rangeBytes - 1}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    })
  } catch (error) {
    if (signal?.aborted === true) throw error
    connection.value = 'lost'
    throw new ApiError('The server does not answer', 0)
  }
  // A proxy says so in place of a server that is gone.
  connection.value = [502, 503, 504].includes(response.status) ? connection.value : 'open'
  if (response.ok) return response
  const failure = await readFailure(response)
  if (response.status === 401 && path !== 'session') endSession('The session ended; sign in again.')
  throw failure
}

async function readFailure(response: Response): Promise<ApiError> {
  try {
    const { error, code, remedy } = (await response.json()) as Record<string, unknown>
    const text = typeof error === 'string' ? error : `The server answered ${response.status}`
    return new ApiError(text, response.status, asText(code), asText(remedy))
  } catch {
    return new ApiError(`The server answered ${response.status}`, response.status)
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}
