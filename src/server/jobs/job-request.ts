import { z } from '@hono/zod-openapi'

import { backupTypes, type BackupType } from '../../model/snapshot.ts'
import { snapshotName } from '../api/find-snapshot.ts'

const path = z
  .string()
  .min(1)
  .max(16_384)
  .refine((text) => !text.includes('\0'), 'has a NUL byte')
const base64Path = z
  .string()
  .min(1)
  .max(32_768)
  .regex(/^[A-Za-z0-9+/_-]+={0,2}$/, 'not base64')

const createRequest = z.object({
  kind: z.literal('create'),
  type: z.enum(backupTypes).default('full'),
  description: z.string().max(10_000).default(''),
})

const restoreRequest = z.object({
  kind: z.literal('restore'),
  snapshot: snapshotName,
  /** From the root of the snapshot; everything without any. */
  paths: z.array(path).max(10_000).optional(),
  /** Further ones, as bytes that are no UTF-8. */
  paths_base64: z.array(base64Path).max(1_000).optional(),
  /** A folder below one of the restore roots; without it, back to where it came from. */
  target: path.optional(),
  overwrite: z
    .union([z.boolean(), z.enum(['always', 'if-changed', 'if-newer', 'never'])])
    .default('always'),
  dry_run: z.boolean().default(false),
  verify: z.boolean().default(true),
})

const location = z.string().min(1).max(4_096)

const ofSnapshots = {
  snapshot: snapshotName.optional(),
  snapshots: z.array(snapshotName).max(1_000).optional(),
}

export const jobRequest = z.discriminatedUnion('kind', [
  createRequest,
  restoreRequest,
  z.object({ kind: z.literal('verify'), ...ofSnapshots }),
  z.object({ kind: z.literal('check'), read_data: z.boolean().default(false) }),
  z.object({
    kind: z.literal('cleanup'),
    dry_run: z.boolean().default(false),
    prune: z.boolean().default(true),
  }),
  z.object({ kind: z.literal('schedule') }),
  z.object({ kind: z.literal('drill'), snapshot: snapshotName.optional() }),
  z.object({ kind: z.literal('export'), snapshot: snapshotName }),
  z.object({ kind: z.literal('prune'), dry_run: z.boolean().default(false) }),
  z
    .object({
      kind: z.literal('copy'),
      /** One of the repositories in `holdfast.also_to`. */
      to: location.optional(),
      from: location.optional(),
      snapshots: z.array(snapshotName).max(1_000).optional(),
      newer: z.boolean().default(false),
      dry_run: z.boolean().default(false),
    })
    .refine(({ to, from }) => (to === undefined) !== (from === undefined), 'needs to or from'),
  z.object({ kind: z.literal('delete'), snapshot: snapshotName }),
  z.object({ kind: z.literal('undelete'), snapshot: z.string().regex(/^[0-9a-f]{4,64}$/) }),
]) as unknown as z.ZodType<JobRequest>

export interface RestoreJobRequest {
  readonly kind: 'restore'
  readonly snapshot: string
  readonly paths?: readonly string[] | undefined
  readonly paths_base64?: readonly string[] | undefined
  readonly target?: string | undefined
  readonly overwrite: boolean | 'always' | 'if-changed' | 'if-newer' | 'never'
  readonly dry_run: boolean
  readonly verify: boolean
}

/** From here to another repository, or from there to here. */
export interface CopyJobRequest {
  readonly kind: 'copy'
  readonly to?: string | undefined
  readonly from?: string | undefined
  readonly snapshots?: readonly string[] | undefined
  readonly newer: boolean
  readonly dry_run: boolean
}

export type JobRequest =
  | { readonly kind: 'create'; readonly type: BackupType; readonly description: string }
  | RestoreJobRequest
  | CopyJobRequest
  | {
      readonly kind: 'verify'
      readonly snapshot?: string | undefined
      readonly snapshots?: readonly string[] | undefined
    }
  | { readonly kind: 'check'; readonly read_data: boolean }
  | { readonly kind: 'cleanup'; readonly dry_run: boolean; readonly prune: boolean }
  | { readonly kind: 'schedule' }
  | { readonly kind: 'drill'; readonly snapshot?: string | undefined }
  | { readonly kind: 'export'; readonly snapshot: string }
  | { readonly kind: 'prune'; readonly dry_run: boolean }
  | { readonly kind: 'delete'; readonly snapshot: string }
  | { readonly kind: 'undelete'; readonly snapshot: string }

/** What a person reads in a list of jobs. */
export function titleOf(request: JobRequest): string {
  const dry = 'dry_run' in request && request.dry_run ? ' (dry run)' : ''
  switch (request.kind) {
    case 'create':
      return `Backup, ${request.type}`
    case 'restore':
    case 'verify':
    case 'drill':
    case 'export':
    case 'delete':
    case 'undelete':
      return `${words[request.kind]}${nameOf(request.snapshot)}${dry}`
    case 'copy':
      return `Copy ${request.to === undefined ? 'from' : 'to'} ${request.to ?? request.from}${dry}`
    case 'check':
    case 'cleanup':
    case 'schedule':
    case 'prune':
      return `${words[request.kind]}${dry}`
    default:
      return request satisfies never
  }
}

const words = {
  restore: 'Restore',
  verify: 'Verify',
  drill: 'Restore drill',
  export: 'Export',
  delete: 'Delete',
  undelete: 'Undelete',
  check: 'Check',
  cleanup: 'Cleanup',
  schedule: 'Schedule',
  prune: 'Prune',
} as const

function nameOf(snapshot: string | undefined): string {
  if (snapshot === undefined) return ''
  return ` ${snapshot.startsWith('backup_') ? snapshot : snapshot.slice(0, 8)}`
}
