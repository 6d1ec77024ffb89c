import { z } from '@hono/zod-openapi'

import { backupTypes, type BackupType } from '../../model/snapshot.ts'
import type { RequestContext } from '../add-route.ts'
import { HttpError } from '../http-error.ts'

/** What the documented endpoints take; what is not given or null is left out. */
export interface Arguments {
  readonly backup_type?: BackupType | undefined
  readonly description?: string | undefined
  readonly backup_id?: string | undefined
  readonly target_path?: string | undefined
  readonly verify?: boolean | undefined
}

/** Python's `str(True)` among them. */
const truth = z.union([
  z.boolean(),
  z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] }),
])

export const argumentsSchema: z.ZodObject = z.object({
  backup_type: z.enum(backupTypes).nullish(),
  description: z.string().max(10_000).nullish(),
  backup_id: z.string().max(100).nullish(),
  target_path: z
    .string()
    .max(4096)
    .refine((text) => !text.includes('\0'))
    .nullish(),
  verify: truth.nullish(),
})

/**
 * The arguments of a request: a JSON body, whatever type it says it has, over query parameters.
 *
 * @throws {HttpError} 400
 */
export async function readArguments({ req }: RequestContext): Promise<Arguments> {
  const text = (await req.text()).trim()
  const given = { ...emptyAsMissing(req.query()), ...(text.startsWith('{') ? parse(text) : {}) }
  const parsed = argumentsSchema.safeParse(given)
  if (parsed.success) {
    const present = Object.entries(parsed.data).filter(([, value]) => value !== null)
    return Object.fromEntries(present)
  }
  const [{ path, message }] = parsed.error.issues
  throw new HttpError(400, 'INVALID_REQUEST', `Cannot use ${path.join('.')}: ${message}`)
}

function emptyAsMissing(query: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''))
}

function parse(text: string): object {
  try {
    return JSON.parse(text) as object
  } catch {
    throw new HttpError(400, 'INVALID_REQUEST', 'Cannot read the request: its body is not JSON')
  }
}
