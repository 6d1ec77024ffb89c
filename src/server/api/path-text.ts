import { z } from '@hono/zod-openapi'

import { HttpError } from '../http-error.ts'

/** A path in a query: as text, or as base64 of its bytes where they are no UTF-8. */
export const pathQuery: {
  readonly path: z.ZodType<string | undefined>
  readonly path_base64: z.ZodType<string | undefined>
} = {
  path: z.string().max(16_384).optional(),
  path_base64: z.string().max(32_768).optional(),
}

/** @throws {HttpError} 400 for a NUL byte */
export function pathBytes(query: {
  readonly path?: string | undefined
  readonly path_base64?: string | undefined
}): Buffer {
  const bytes =
    query.path_base64 === undefined
      ? Buffer.from(query.path ?? '/')
      : Buffer.from(query.path_base64, 'base64')
  if (bytes.includes(0)) {
    throw new HttpError(400, 'INVALID_REQUEST', 'Cannot use the path: it has a NUL byte')
  }
  return bytes
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Null where the text says it all. */
export function base64Unless(bytes: Buffer): string | null {
  try {
    decoder.decode(bytes)
    return null
  } catch {
    return bytes.toString('base64')
  }
}

/** With a slash in front; U+FFFD stands for what is no UTF-8. */
export function absoluteText(path: Buffer): string {
  return `/${path.toString('utf8')}`
}

export function absoluteBase64(path: Buffer): string | null {
  return base64Unless(path) === null
    ? null
    : Buffer.concat([Buffer.from('/'), path]).toString('base64')
}

export function timeText(seconds: number, ns = 0): string | null {
  const ms = seconds * 1000 + Math.floor(ns / 1e6)
  // Beyond what a date can be, a file may say anything.
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null
}
