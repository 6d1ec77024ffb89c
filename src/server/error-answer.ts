import { HoldfastError, type ErrorCode } from '../foundation/errors.ts'
import { HttpError } from './http-error.ts'

/** What a client gets in place of what it asked for. */
export interface ErrorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: { readonly error: string; readonly code: string; readonly remedy: string }
}

/** 409: what is asked for does not fit the state; 503: later it may. Everything else is a fault of this side. */
const statusByCode: Readonly<Partial<Record<ErrorCode, number>>> = {
  USAGE: 400,
  CONFIG_INVALID: 409,
  REPOSITORY_LOCKED: 503,
  SNAPSHOT_NOT_FOUND: 404,
  SNAPSHOT_AMBIGUOUS: 409,
  PATH_NOT_FOUND: 404,
  CATALOGUE_BUSY: 503,
  STORAGE_FAILED: 503,
  STORAGE_FULL: 507,
  NOT_VERIFIED: 409,
  RETENTION_REFUSED: 409,
  INTERRUPTED: 409,
  TARGET_REFUSED: 403,
  BACKUP_DISABLED: 409,
  ALREADY_RUNNING: 409,
}

export function statusOfCode(code: string): number {
  return statusByCode[code as ErrorCode] ?? 500
}

/** Of an error that nobody foresaw nothing is told but that it happened: its text may say what is none of the client's business. */
export function errorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof HttpError) {
    const { status, headers, message, code, remedy } = error
    return { status, headers, body: { error: message, code, remedy } }
  }
  if (error instanceof HoldfastError && error.code !== 'INTERNAL') {
    const { code, message, remedy } = error
    const status = statusOfCode(code)
    const headers: Record<string, string> = status === 503 ? { 'retry-after': '5' } : {}
    return { status, headers, body: { error: message, code, remedy } }
  }
  return {
    status: 500,
    headers: {},
    body: {
      error: 'Internal fault',
      code: 'INTERNAL',
      remedy: 'Look into the log of the server and report what it says',
    },
  }
}
