import { z } from '@hono/zod-openapi'

import { toObjectId } from '../../model/ids.ts'
import type { BackupRecord, RestoreRecord } from '../../model/backup-record.ts'
import { backupTypes } from '../../model/snapshot.ts'
import { backupRecordWithFiles } from '../../monitoring/records/backup-record-with-files.ts'
import { listBackupRecords } from '../../monitoring/records/backup-records.ts'
import { listRestoreRecords } from '../../monitoring/records/restore-records.ts'
import { backupStatistics } from '../../monitoring/statistics/backup-statistics.ts'
import { addRoute, type RequestContext, type ServerApp } from '../add-route.ts'
import { snapshotName } from '../api/find-snapshot.ts'
import { HttpError } from '../http-error.ts'
import { finishJob } from '../jobs/finish-job.ts'
import type { JobResult } from '../jobs/job.ts'
import type { ServerContext } from '../server-context.ts'
import { readArguments } from './read-arguments.ts'
import {
  backupListSchema,
  cleanedUpSchema,
  createdSchema,
  deletedSchema,
  restoredSchema,
  scheduledSchema,
  statisticsSchema,
} from './record-schemas.ts'

const tag = 'documented'
const base = '/admin/backup'

/** The endpoints of the documented system, word for word (the names, numbers and messages are its). */
export function addDocumentedRoutes(app: ServerApp, server: ServerContext): void {
  addReads(app, server)
  const add = (
    method: 'post' | 'delete',
    path: string,
    summary: string,
    answer: z.ZodType,
    handle: (context: RequestContext) => Promise<unknown>,
  ): void =>
    addRoute(app, { method, path: `${base}${path}`, tag, summary, answer }, ({ context }) =>
      handle(context),
    )
  add('post', '/create', 'Make a backup and wait for it', createdSchema, (context) =>
    create(server, context),
  )
  add('post', '/restore', 'Restore a backup and wait for it', restoredSchema, (context) =>
    restore(server, context),
  )
  add(
    'post',
    '/cleanup',
    'Delete what the retention does not keep',
    cleanedUpSchema,
    async (context) => {
      const result = await finishJob(server, context, {
        kind: 'cleanup',
        dry_run: false,
        prune: true,
      })
      const count = Number(result['deleted_count'])
      return { message: `Cleaned up ${count} old backups`, deleted_count: count }
    },
  )
  add('post', '/schedule', 'Make the backup that is due', scheduledSchema, async (context) => {
    const result = await finishJob(server, context, { kind: 'schedule' })
    const backup = result['backup_id'] === null ? null : await recordOf(server, result)
    return { message: result['message'], backup }
  })
  add('delete', '/{id}', 'Delete a backup', deletedSchema, (context) => remove(server, context))
}

function addReads(app: ServerApp, server: ServerContext): void {
  addRoute(
    app,
    {
      method: 'get',
      path: `${base}/status`,
      tag,
      summary: 'Numbers of all backups',
      answer: statisticsSchema,
    },
    async () => {
      const repository = await server.held.current()
      return backupStatistics(listBackupRecords(repository), server.nowMs())
    },
  )
  addRoute(
    app,
    {
      method: 'get',
      path: `${base}/list`,
      tag,
      summary: 'All backups and failed runs, oldest first',
      query: z.object({ backup_type: z.enum(['', ...backupTypes]).optional() }),
      answer: backupListSchema,
    },
    async ({ query: { backup_type: type = '' }, context }) => {
      const repository = await server.held.current()
      const version = repository.catalogue.version()
      const { headers } = context.req.raw
      return server.answers.json(`documented ${type}`, version, headers, () => ({
        backups: listBackupRecords(repository).filter(
          ({ backup_type }) => type === '' || backup_type === type,
        ),
      }))
    },
  )
}

async function create(server: ServerContext, context: RequestContext): Promise<unknown> {
  const { backup_type: type = 'full', description = '' } = await readArguments(context)
  const result = await finishJob(server, context, { kind: 'create', type, description })
  const backup = await recordOf(server, result)
  return { message: `Backup created: ${backup.backup_id}`, backup }
}

async function restore(server: ServerContext, context: RequestContext): Promise<unknown> {
  const { backup_id: id, target_path: target, verify = true } = await readArguments(context)
  if (id === undefined || id === '') {
    throw new HttpError(400, 'INVALID_REQUEST', 'Cannot restore: backup_id is missing')
  }
  if (!(await isKnown(server, id))) throw notFound()
  const result = await finishJob(server, context, {
    kind: 'restore',
    snapshot: id,
    overwrite: 'always',
    dry_run: false,
    verify,
    ...(target !== undefined && target !== '' && { target }),
  })
  const restoreId = String(result['restore_id'])
  const made = await restoreRecordOf(server, restoreId)
  return { message: `Restore completed: ${restoreId}`, restore: made }
}

async function remove(server: ServerContext, context: RequestContext): Promise<unknown> {
  const id = context.req.param('id') ?? ''
  if (!(await isKnown(server, id))) throw notFound()
  await finishJob(server, context, { kind: 'delete', snapshot: id })
  return { message: `Backup deleted: ${id}`, status: 'success' }
}

/** A backup, or a run that failed and is listed as one. */
async function isKnown(server: ServerContext, id: string): Promise<boolean> {
  if (!snapshotName.safeParse(id).success || id.startsWith('latest')) return false
  const repository = await server.held.current()
  return listBackupRecords(repository).some(
    ({ backup_id, metadata }) =>
      backup_id === id || (/^[0-9a-f]{4,}$/.test(id) && metadata.snapshot_id?.startsWith(id)),
  )
}

function notFound(): HttpError {
  return new HttpError(404, 'NOT_FOUND', 'Backup not found')
}

async function recordOf(server: ServerContext, result: JobResult): Promise<BackupRecord> {
  const repository = await server.held.current()
  const id = toObjectId(String(result['snapshot_id']))
  const record = backupRecordWithFiles(repository, id)
  if (record === undefined)
    throw new HttpError(409, 'NOT_FOUND', 'The backup was made, and deleted meanwhile')
  return record
}

async function restoreRecordOf(
  server: ServerContext,
  restoreId: string,
): Promise<RestoreRecord | null> {
  const records = listRestoreRecords(await server.held.current())
  return records.find(({ restore_id }) => restore_id === restoreId) ?? null
}
