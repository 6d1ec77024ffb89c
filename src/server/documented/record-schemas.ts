import { z } from '@hono/zod-openapi'

import {
  backupStatuses,
  restoreStatuses,
  type BackupRecord,
  type RestoreRecord,
} from '../../model/backup-record.ts'
import { backupTypes } from '../../model/snapshot.ts'
import type { BackupStatistics } from '../../monitoring/statistics/backup-statistics.ts'

/* What the documented endpoints answer, for the document of the interface. */

const count = z.number().int().min(0)
/** Since the epoch, with a fraction. */
const seconds = z.number()

export const backupRecordSchema: z.ZodType<BackupRecord> = z
  .object({
    backup_id: z.string(),
    backup_type: z.enum(backupTypes),
    created_at: seconds,
    size_bytes: count,
    file_count: count,
    checksum: z.string(),
    status: z.enum(backupStatuses),
    description: z.string(),
    files: z.array(z.string()).nullable(),
    // With whatever an imported record says.
    metadata: z.looseObject({ backup_path: z.string().nullable(), compression: z.boolean() }),
  })
  .openapi('BackupRecord')

const restoreRecordSchema: z.ZodType<RestoreRecord> = z
  .object({
    restore_id: z.string(),
    backup_id: z.string(),
    restored_at: seconds,
    status: z.enum(restoreStatuses),
    restored_files: z.array(z.string()),
    error_message: z.string(),
    verification_passed: z.boolean(),
  })
  .openapi('RestoreRecord')

export const statisticsSchema: z.ZodType<BackupStatistics> = z
  .object({
    total_backups: count,
    successful_backups: count,
    failed_backups: count,
    success_rate: z.number().min(0).max(1),
    total_size_bytes: count,
    total_size_mb: z.number().min(0),
    total_files: count,
    type_breakdown: z.partialRecord(z.enum(backupTypes), count),
    recent_backups_7d: count,
    oldest_backup: seconds.nullable(),
    newest_backup: seconds.nullable(),
  })
  .openapi('BackupStatistics')

const message = z.string()

export const backupListSchema: z.ZodType = z.object({ backups: z.array(backupRecordSchema) })
export const createdSchema: z.ZodType = z.object({ message, backup: backupRecordSchema })
export const scheduledSchema: z.ZodType = z.object({
  message,
  backup: backupRecordSchema.nullable(),
})
export const restoredSchema: z.ZodType = z.object({
  message,
  restore: restoreRecordSchema.nullable(),
})
export const cleanedUpSchema: z.ZodType = z.object({ message, deleted_count: count })
export const deletedSchema: z.ZodType = z.object({ message, status: z.literal('success') })
