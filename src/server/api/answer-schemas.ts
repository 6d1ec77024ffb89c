import { z } from '@hono/zod-openapi'

import { backupStatuses, restoreStatuses } from '../../model/backup-record.ts'
import { backupTypes } from '../../model/snapshot.ts'
import { backupRecordSchema, statisticsSchema } from '../documented/record-schemas.ts'
import { errorSchema } from '../add-route.ts'
import { jobStates } from '../jobs/job.ts'
import type * as answers from './answers.ts'
import { pageSchema } from './pages.ts'

/*
 * What `/api/v1` answers, for the document of the interface: the shapes of answers.ts with the bounds of their values. The compiler holds the two
 * together, and the tests hold every answer that a server gives against the document.
 */

const count = z.number().int().min(0)
/** ISO 8601 */
const time = z.string()
/** 0 to 1 */
const rate = z.number().min(0).max(1)
const kind = z.enum(['file', 'directory', 'symlink', 'other'])

export const sessionSchema: z.ZodType<answers.Session> = z
  .object({ can_write: z.boolean(), name: z.string() })
  .openapi('Session')

export const snapshotSchema: z.ZodType<answers.Snapshot> = z
  .object({
    id: z.string().nullable(),
    backup_id: z.string(),
    type: z.enum(backupTypes),
    status: z.enum(backupStatuses),
    started_at: time.nullable(),
    ended_at: time.nullable(),
    hostname: z.string(),
    description: z.string(),
    tags: z.array(z.string()),
    files: count,
    bytes: count,
    bytes_added: count,
    exclusive_bytes: count.nullable(),
    verified_at: time.nullable(),
    is_failed_run: z.boolean(),
    error: z.string().nullable(),
    paths: z.array(z.string()),
  })
  .openapi('Snapshot')

export const forgottenSchema: z.ZodType<answers.Forgotten> = z
  .object({
    id: z.string(),
    backup_id: z.string(),
    type: z.enum(backupTypes),
    started_at: time.nullable(),
    description: z.string(),
    hostname: z.string(),
    files: count,
    bytes: count,
    paths: z.array(z.string()),
    forgotten_at: time.nullable(),
    expires_at: time.nullable(),
  })
  .openapi('ForgottenSnapshot')

export const entrySchema: z.ZodType<answers.Entry> = z
  .object({
    name: z.string(),
    name_base64: z.string().nullable(),
    kind,
    size: count,
    mode: count,
    mtime: time.nullable(),
    link_target: z.string().nullable(),
  })
  .openapi('Entry')

const pathFields = { path: z.string(), path_base64: z.string().nullable() }

export const treeSchema: z.ZodType = pageSchema(entrySchema, pathFields)

export const foundSchema: z.ZodType<answers.Found> = z
  .object({
    ...pathFields,
    snapshot_ids: z.array(z.string()),
    snapshots: count,
    size: count,
    mtime: time.nullable(),
    kind,
  })
  .openapi('FoundPath')

export const searchSchema: z.ZodType = pageSchema(foundSchema, { is_complete: z.boolean() })

export const versionSchema: z.ZodType<answers.Version> = z
  .object({
    ...pathFields,
    snapshot_id: z.string(),
    backup_id: z.string(),
    at: time.nullable(),
    kind,
    size: count,
    mtime: time.nullable(),
    content_id: z.string().nullable(),
    is_rename: z.boolean(),
    snapshots: count,
  })
  .openapi('Version')

const changeSchema: z.ZodType<answers.Change> = z
  .object({
    ...pathFields,
    change: z.enum(['added', 'removed', 'modified', 'renamed', 'metadata']),
    old_path: z.string().nullable(),
    old_size: count.nullable(),
    new_size: count.nullable(),
    kind,
  })
  .openapi('Change')

const changeSummarySchema: z.ZodType<answers.ChangeSummary> = z.object({
  added: count,
  removed: count,
  modified: count,
  renamed: count,
  metadata: count,
  bytes_added: count,
  bytes_removed: count,
  listed: count,
})

export const diffSchema: z.ZodType = pageSchema(changeSchema, { summary: changeSummarySchema })

const measured = { value: z.number().nullable(), threshold: z.number().nullable() }

const alertSchema: z.ZodType<answers.AlertState> = z
  .object({
    rule: z.string(),
    is_raised: z.boolean(),
    since: time.nullable(),
    ...measured,
    message: z.string(),
  })
  .openapi('Alert')

const alertChangeSchema: z.ZodType<answers.AlertChange> = z
  .object({
    rule: z.string(),
    state: z.enum(['raised', 'cleared']),
    at: time,
    ...measured,
    message: z.string(),
  })
  .openapi('AlertChange')

export const alertsSchema: z.ZodType<answers.Alerts> = z.object({
  items: z.array(alertSchema),
  history: z.array(alertChangeSchema),
})

const storageSchema: z.ZodType<answers.Overview['storage']> = z.object({
  stored_bytes: count,
  unique_bytes: count,
  source_bytes: count,
  dedup_ratio: z.number().nullable(),
  compression_ratio: z.number().nullable(),
  trend: z.array(z.object({ date: z.string(), stored_bytes: count, source_bytes: count })),
})

const growthFields = {
  runs: count,
  failures: count,
  success_rate: rate.nullable(),
  backups: count,
  size_bytes: count,
  newest_size_bytes: count.nullable(),
  newest_files: count.nullable(),
  average_size_bytes: z.number().min(0).nullable(),
  data_bytes_added: count,
  stored_bytes_added: count,
  dedup_ratio: z.number().nullable(),
  compression_ratio: z.number().nullable(),
  average_duration_seconds: z.number().nullable(),
  longest_duration_seconds: z.number().nullable(),
  newest_duration_seconds: z.number().nullable(),
  newest_age_seconds: z.number().nullable(),
  runs_per_week: z.number().min(0),
  growth_bytes_per_day: z.number().nullable(),
}

const stateFields = {
  at: time,
  verdict: z.object({
    is_protected: z.boolean(),
    sentence: z.string(),
    reasons: z.array(z.string()),
  }),
  statistics: statisticsSchema,
  freshness: z.array(
    z.object({
      type: z.enum(backupTypes),
      last_success_at: time.nullable(),
      last_attempt_at: time.nullable(),
      due_at: time.nullable(),
      is_late: z.boolean(),
    }),
  ),
  days: z.array(
    z.object({
      date: z.string(),
      runs: count,
      failures: count,
      missed: count,
      bytes_added: count,
    }),
  ),
  last_drill: z.object({ at: time, result: z.enum(['ok', 'failed']), files: count }).nullable(),
  last_check: z.object({ at: time, result: z.enum(['ok', 'damaged']) }).nullable(),
  storage: storageSchema,
  growth: z.object(growthFields),
  by_type: z.array(z.object({ type: z.enum(backupTypes), ...growthFields })),
  alerts: z.array(alertSchema),
  repository: z.object({ id: z.string(), location: z.string(), is_encrypted: z.boolean() }),
}

export const overviewSchema: z.ZodType<answers.Overview> = z
  .object({
    ...stateFields,
    next_runs: z.array(z.object({ kind: z.string(), at: time.nullable() })),
  })
  .openapi('Overview')

export const reportSchema: z.ZodType = z
  .object({
    ...stateFields,
    alert_history: z.array(alertChangeSchema),
    recent: z.array(backupRecordSchema),
  })
  .openapi('Report')

export const jobSchema: z.ZodType<answers.Job> = z
  .object({
    id: z.string(),
    kind: z.string(),
    title: z.string(),
    state: z.enum(jobStates),
    created_at: time,
    started_at: time.nullable(),
    ended_at: time.nullable(),
    progress: z
      .object({
        phase: z.string(),
        files_done: count,
        files_total: count.nullable(),
        bytes_done: count,
        bytes_total: count.nullable(),
        message: z.string().nullable(),
      })
      .nullable(),
    waiting_for: z
      .object({ operation: z.string(), pid: count, hostname: z.string(), message: z.string() })
      .nullable(),
    // Each kind of job tells what it did in words of its own.
    result: z.record(z.string(), z.unknown()).nullable(),
    // Not `nullable`: of a schema with a name the document would then say that it is both an object and null.
    error: z.union([errorSchema, z.null()]),
    requested_by: z.string(),
  })
  .openapi('Job')

export const retentionSchema: z.ZodType<answers.RetentionPreview> = z.object({
  items: z.array(
    z.object({
      backup_id: z.string(),
      id: z.string(),
      type: z.enum(backupTypes),
      started_at: time.nullable(),
      keep: z.boolean(),
      reasons: z.array(z.string()),
    }),
  ),
  freed_bytes: count.nullable(),
  is_computing: z.boolean(),
})

const useFields = { exclusive_bytes: count, shared_bytes: count }

export const spaceSchema: z.ZodType<answers.SpaceStatistics> = z
  .object({
    snapshots: count,
    source_bytes: count,
    unique_bytes: count,
    needed_bytes: count,
    unused_bytes: count,
    stored_bytes: count,
    dedup_ratio: z.number().nullable(),
    compression_ratio: z.number().nullable(),
    is_complete: z.boolean(),
    by_type: z.array(z.object({ type: z.enum(backupTypes), snapshots: count, ...useFields })),
    by_snapshot: z.array(z.object({ id: z.string(), backup_id: z.string(), ...useFields })),
    by_folder: z.array(
      z.object({
        path: z.string().nullable(),
        bytes: count,
        stored_bytes: count,
        exclusive_bytes: count,
      }),
    ),
  })
  .openapi('SpaceStatistics')

export const deletionSchema: z.ZodType = z.object({
  freed_bytes: count,
  shared_bytes: count,
  snapshots: count,
})

export const restoreRecordSchema: z.ZodType<answers.RestoreRecord> = z.object({
  restore_id: z.string(),
  backup_id: z.string(),
  restored_at: time.nullable(),
  status: z.enum(restoreStatuses),
  restored_files: z.array(z.string()),
  error_message: z.string(),
  verification_passed: z.boolean(),
})

export const accessRecordSchema: z.ZodType<answers.AccessRecord> = z.object({
  at: time.nullable(),
  action: z.string(),
  target: z.string(),
  result: z.string(),
  message: z.string(),
  count,
  actor: z.object({
    via: z.string(),
    user: z.string(),
    hostname: z.string().nullable(),
    address: z.string().nullable(),
  }),
})

/** Of a snapshot that was deleted or brought back. */
export const removalSchema: z.ZodType = z.object({
  backup_id: z.string(),
  snapshot_id: z.string().nullable().optional(),
})

/** Without secrets; what is not here has its default. */
export const configurationSchema: z.ZodType = z.object({
  file: z.string().nullable(),
  folder: z.string().optional(),
  restore_roots: z.array(z.string()),
  backup: z
    .object({
      enabled: z.boolean(),
      schedule: z.object({
        full_backup_days: z.number(),
        incremental_hours: z.number(),
        retention_days: z.number(),
        max_backups: z.number(),
      }),
      paths: z.record(z.string(), z.array(z.string())),
      compression: z.boolean(),
      verification: z.boolean(),
      auto_cleanup: z.boolean(),
    })
    .optional(),
  schedule: z.record(z.string(), z.unknown()).optional(),
  drill: z.object({ files: count, bytes_max: count }).optional(),
  alerts: z.record(z.string(), z.number()).optional(),
  hooks: z.array(z.string()).optional(),
  channels: z.array(z.string()).optional(),
  exclude: z.array(z.string()).optional(),
  tags: z.array(z.string()).optional(),
  backups_folder: z.string().optional(),
  also_to: z.array(z.string()).optional(),
})
