import { HoldfastError } from '../../foundation/errors.ts'
import { toObjectId } from '../../model/ids.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { listForgotten } from '../../repository/list-forgotten.ts'
import { resolveSnapshot } from '../../repository/resolve-snapshot.ts'
import { escapeBytes } from '../../foundation/escape-bytes.ts'
import type { CopiedSnapshot } from '../../operations/copy/copy-options.ts'
import { copyBetween } from '../../service/copy-between.ts'
import { createBackup, type BackupResult } from '../../service/create-backup.ts'
import { deleteBackup, deleteFailedRun, undeleteBackup } from '../../service/delete-backup.ts'
import { exportBackup } from '../../service/export-backup.ts'
import { runDrill } from '../../service/drill/run-drill.ts'
import { runCleanup } from '../../service/run-cleanup.ts'
import { runPrune } from '../../service/run-prune.ts'
import { runSchedule } from '../../service/schedule/run-schedule.ts'
import type { ServiceContext } from '../../service/service-context.ts'
import type { FoundDamage } from '../../service/service-operations.ts'
import { verifyBackup } from '../../service/verify-backup.ts'
import type { JobResult } from './job.ts'
import type { JobRequest } from './job-request.ts'
import { runRestoreRequest } from './run-restore-request.ts'

type Handlers = {
  readonly [Kind in JobRequest['kind']]: (
    context: ServiceContext,
    request: Extract<JobRequest, { kind: Kind }>,
  ) => Promise<JobResult>
}

/** Damage that is told one by one. */
const toldMax = 100

/** Does what a request asks for, by the same functions as the command line and the daemon. */
export async function runJobRequest(
  context: ServiceContext,
  request: JobRequest,
): Promise<JobResult> {
  const handler = handlers[request.kind] as (
    given: ServiceContext,
    asked: JobRequest,
  ) => Promise<JobResult>
  return await handler(context, request)
}

const handlers: Handlers = {
  async create(context, { type, description }) {
    return backupJson(await createBackup(context, { type, description, trigger: 'manual' }))
  },
  async schedule(context) {
    const { message, backup, outcomes } = await runSchedule(context)
    const done = outcomes.map(({ kind }) => kind)
    return { ...(backup === null ? { backup_id: null } : backupJson(backup)), message, done }
  },
  restore: runRestoreRequest,
  async verify(context, { snapshot, snapshots = [] }) {
    const names = snapshot === undefined ? snapshots : [snapshot, ...snapshots]
    const chosen = names.map((name) => resolveSnapshot(context.repository, name))
    const result = await verifyBackup(context, names.length === 0 ? undefined : chosen)
    return {
      snapshots: result.snapshots,
      blobs: result.blobs,
      bytes: result.bytes,
      ...damageJson(result.damaged),
    }
  },
  async check({ repository, signal, onEvent }, { read_data: readsData }) {
    const { check } = await import('../../operations/check/check.ts')
    const result = await check(repository, {
      signal,
      onEvent,
      ...(readsData && { readData: { kind: 'all' as const } }),
    })
    return {
      snapshots: result.snapshots,
      packs: result.packs,
      bytes: result.bytesRead,
      ...damageJson([...result.damagedObjects, ...result.lostFiles]),
    }
  },
  async cleanup(context, { dry_run: dryRun, prune }) {
    const { removed, pruned } = await runCleanup(context, { dryRun, prune })
    return {
      deleted_count: removed.length,
      deleted: removed.map(({ backupId }) => backupId),
      freed_bytes: pruned?.bytesFreed ?? 0,
      dry_run: dryRun,
    }
  },
  async prune(context, { dry_run: dryRun }) {
    const result = await runPrune(context, { dryRun })
    return {
      freed_bytes: result.bytesFreed,
      packs_deleted: result.packsDeleted,
      packs_rewritten: result.packsRewritten,
      dry_run: dryRun,
    }
  },
  async copy(context, { to, from, snapshots: names, newer, dry_run: dryRun }) {
    const other = to ?? from ?? ''
    const isBack = to === undefined
    const { snapshots } = await copyBetween(context, {
      other,
      isBack,
      names,
      newerOnly: newer,
      dryRun,
    })
    return { ...copyJson(snapshots), dry_run: dryRun }
  },
  async drill(context, { snapshot }) {
    const drill = await runDrill(context, {
      ...(snapshot !== undefined && { snapshot: resolveSnapshot(context.repository, snapshot) }),
    })
    const { result, files, bytes, message } = drill
    return { backup_id: drill.snapshot.backupId, result, files, bytes, message }
  },
  async export(context, { snapshot: name }) {
    const { repository, configuration } = context
    if (configuration === undefined) {
      throw new HoldfastError(
        'USAGE',
        'Cannot export: there is no configuration that names a folder',
        {
          remedy: 'Start the server with a config.yml, or use `holdfast export --output DIR`',
        },
      )
    }
    const snapshot = resolveSnapshot(repository, name)
    const { folder, historyFile } = configuration.settings.exports
    const where = { folder, historyFile, projectFolder: configuration.folder }
    const result = await exportBackup(context, snapshot, where)
    return {
      backup_id: snapshot.backupId,
      archive: result.archive,
      archive_bytes: result.archiveBytes,
      checksum: result.checksum,
      files: result.files,
      bytes: result.bytes,
      outcome: result.outcome,
    }
  },
  async delete(context, { snapshot: name }) {
    const snapshot = findOrUndefined(context, name)
    if (snapshot === undefined) {
      if (await deleteFailedRun(context, name)) return { backup_id: name }
      resolveSnapshot(context.repository, name)
    }
    if (snapshot !== undefined) await deleteBackup(context, [snapshot])
    return { backup_id: snapshot?.backupId ?? name, snapshot_id: snapshot?.id ?? null }
  },
  async undelete(context, { snapshot: prefix }) {
    const found = (await listForgotten(context.repository))
      .map(({ snapshot }) => snapshot)
      .filter(({ id }) => id.startsWith(prefix))
    if (found.length !== 1) {
      throw new HoldfastError(
        found.length === 0 ? 'SNAPSHOT_NOT_FOUND' : 'SNAPSHOT_AMBIGUOUS',
        `Cannot bring back snapshot "${prefix}": ${found.length} forgotten ones have that id`,
        { remedy: 'See what can be brought back with `holdfast list --forgotten`' },
      )
    }
    const [{ id, backupId }] = found
    await undeleteBackup(context, [{ id: toObjectId(id), backupId }])
    return { snapshot_id: id, backup_id: backupId }
  },
}

/** A run that failed has an id of a backup and no snapshot. */
function findOrUndefined({ repository }: ServiceContext, name: string): Snapshot | undefined {
  try {
    return resolveSnapshot(repository, name)
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'SNAPSHOT_NOT_FOUND') return undefined
    throw error
  }
}

function backupJson({ snapshot, statistics, unreadable, ...result }: BackupResult): JobResult {
  return {
    backup_id: snapshot?.backupId ?? null,
    snapshot_id: snapshot?.id ?? null,
    files: statistics.files,
    bytes: statistics.bytes,
    bytes_added: statistics.storedBytesAdded,
    unreadable,
    is_verified: result.isVerified ?? null,
    ...damageJson(result.damaged),
  }
}

function copyJson(copies: readonly CopiedSnapshot[]): JobResult {
  const count = (wanted: CopiedSnapshot['outcome']): number =>
    copies.filter(({ outcome }) => outcome === wanted).length
  const sum = (of: (copied: CopiedSnapshot) => number): number =>
    copies.reduce((total, copied) => total + of(copied), 0)
  const damaged = copies.flatMap(({ backupId, lost }) =>
    lost.map(({ path, message }) => ({
      message: `${backupId}: ${escapeBytes(path)}: ${message}`,
    })),
  )
  return {
    copied: count('copied'),
    present: count('present'),
    passed_over: count('passed over'),
    snapshots_damaged: count('damaged'),
    bytes_read: sum(({ bytesRead }) => bytesRead),
    bytes_added: sum(({ storedBytesAdded }) => storedBytesAdded),
    ...damageJson(damaged),
    damaged_count: sum(({ lostCount }) => lostCount),
  }
}

function damageJson(damaged: readonly FoundDamage[]): JobResult {
  return {
    damaged_count: damaged.length,
    damaged: damaged.slice(0, toldMax).map(({ message }) => message),
  }
}
