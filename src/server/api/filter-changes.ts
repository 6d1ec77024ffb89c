import { z } from '@hono/zod-openapi'

import type { Change, ChangeKind } from '../../operations/browse/diff-snapshots.ts'
import { absoluteText } from './path-text.ts'

const kinds: readonly ChangeKind[] = ['added', 'removed', 'modified', 'renamed', 'metadata']
const kind = `(?:${kinds.join('|')})`

/** Parameters that choose among the changes. */
export const changeQuery: {
  readonly change: z.ZodType<string | undefined>
  readonly q: z.ZodType<string | undefined>
} = {
  change: z
    .string()
    .regex(new RegExp(`^${kind}(?:,${kind})*$`))
    .max(100)
    .optional(),
  q: z.string().max(1000).optional(),
}

export interface ChangeFilter {
  /** Kinds, with commas between them; all when it is not given. */
  readonly change?: string | undefined
  /** A part of the path or of the one before, whatever the case. */
  readonly q?: string | undefined
}

export function filterChanges(
  changes: readonly Change[],
  { change, q = '' }: ChangeFilter,
): readonly Change[] {
  const wanted = new Set(change?.split(',') ?? kinds)
  const text = q.toLowerCase()
  if (change === undefined && text === '') return changes
  const has = (path: Buffer | null): boolean =>
    path !== null && absoluteText(path).toLowerCase().includes(text)
  return changes.filter(
    (one) => wanted.has(one.change) && (text === '' || has(one.path) || has(one.oldPath)),
  )
}
