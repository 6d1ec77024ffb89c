import { z } from '@hono/zod-openapi'

import { HttpError } from '../http-error.ts'

/** Parameters of every list. */
export const pageQuery: {
  readonly limit: z.ZodType<number>
  readonly cursor: z.ZodType<string | undefined>
} = {
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(4096).optional(),
}

export interface PageOf<Item> {
  readonly items: readonly Item[]
  readonly next_cursor: string | null
  readonly total: number
}

/** @param more what the answer tells besides */
export function pageSchema(
  item: z.ZodType,
  more: Readonly<Record<string, z.ZodType>> = {},
): z.ZodType {
  return z.object({
    items: z.array(item),
    next_cursor: z.string().nullable(),
    total: z.number().int().min(0),
    ...more,
  })
}

/** A part of a list that is at hand as a whole; the cursor is the place where the next part begins. */
export function pageOf<Item>(
  all: readonly Item[],
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): PageOf<Item> {
  const start = startOf(cursor)
  const end = start + limit
  return { items: all.slice(start, end), next_cursor: cursorAt(end, all.length), total: all.length }
}

/** The cursor of a part that begins there; null at the end. */
export function cursorAt(start: number, total: number): string | null {
  return start < total ? Buffer.from(`at ${start}`).toString('base64url') : null
}

/** @throws {HttpError} 400 for a cursor that is none */
export function startOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0
  const [, digits] = /^at (\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (digits === undefined) {
    throw new HttpError(400, 'INVALID_REQUEST', 'Cannot continue the list: that is no cursor', {
      remedy: 'Give the `next_cursor` of the answer before',
    })
  }
  return Number(digits)
}
