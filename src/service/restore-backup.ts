import { HoldfastError } from '../foundation/errors.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { RestoreOptions } from '../operations/restore/restore-options.ts'
import { logAccess } from './access-log.ts'
import { freeRestoreId } from './free-restore-id.ts'
import { errorText } from './error-text.ts'
import { isOfConfiguration } from './is-of-configuration.ts'
import { placeOfBackup } from './restore-place.ts'
import { operationsOf, tellNotice, type ServiceContext } from './service-context.ts'
import type { Restored } from './service-operations.ts'

export interface RestoreRequest extends Omit<RestoreOptions, 'signal' | 'onEvent' | 'record'> {
  /**
   * Whether it has to be verified, and not only free of known damage. Default: what was made of the configuration at hand has to be, because
   * there backups are verified as they are made; other snapshots never need to be.
   */
  readonly mustBeVerified?: boolean
}

export interface BackupRestored extends Restored {
  /** `restore_<seconds>`; null on a dry run, which leaves no record. */
  readonly restoreId: string | null
  readonly snapshot: Snapshot
  readonly startedAtMs: number
}

/**
 * Restores a backup or a part of it and writes down who did it. What is not verified is refused unless `verify` is false.
 *
 * @throws {HoldfastError} `NOT_VERIFIED`, `PATH_NOT_FOUND`, and what the operation throws; except on a dry run all of it is recorded
 */
export async function restoreBackup(
  context: ServiceContext,
  { mustBeVerified, ...request }: RestoreRequest,
): Promise<BackupRestored> {
  const { repository, actor, signal, onEvent } = context
  const options = {
    ...request,
    ...placeOfBackup(context.configuration, request),
    keeps: liveLogs(context),
  }
  const { snapshot } = options
  const startedAtMs = Date.now()
  const { restore } = operationsOf(context)
  if (options.dryRun === true) {
    const result = await restore(repository, { ...options, signal, onEvent })
    return { ...result, restoreId: null, snapshot, startedAtMs }
  }
  const restoreId = restoreIdOf(context, startedAtMs)
  try {
    requireVerified(context, options, mustBeVerified)
    const record = { actor, restoreId, startedAtMs }
    const result = await restore(repository, { ...options, signal, onEvent, record })
    await logAccess(context, {
      action: 'restore',
      target: targetText(options),
      result: result.errors === 0 ? 'ok' : 'failed',
      message: result.errors === 0 ? restoreId : `${restoreId}: ${result.errors} errors`,
    })
    return { ...result, restoreId, snapshot, startedAtMs }
  } catch (error) {
    await recordFailed(context, options, { error, restoreId, startedAtMs })
    throw error
  }
}

/** The access log says who restored what: an older one in its place would take the newest lines away. */
function liveLogs({ configuration }: ServiceContext): Buffer[] {
  return configuration === undefined ? [] : [Buffer.from(configuration.settings.accessLog)]
}

/** A repository that only stands in for one has no journal to look into. */
function restoreIdOf({ repository }: ServiceContext, startedAtMs: number): string {
  if (repository.catalogue === undefined) return `restore_${Math.floor(startedAtMs / 1000)}`
  return freeRestoreId(repository, startedAtMs)
}

function requireVerified(
  { repository, configuration }: ServiceContext,
  { snapshot, verify }: RestoreOptions,
  mustBeVerified: boolean | undefined,
): void {
  if (verify === false) return
  const isWanted =
    mustBeVerified ??
    (configuration?.backup?.verification === true && isOfConfiguration(snapshot, configuration))
  if (!isWanted) return
  // What an import brought in verified was verified by the documented system.
  const isVerified = repository.catalogue.journal.verificationOf(snapshot.id) !== undefined
  if (isVerified || wasImportedVerified(repository, snapshot)) return
  throw new HoldfastError(
    'NOT_VERIFIED',
    `Cannot restore ${snapshot.backupId}: it has not been verified`,
    {
      remedy: `Run \`holdfast verify ${snapshot.backupId}\` first, or restore with --no-verify`,
      facts: { snapshotId: snapshot.id },
    },
  )
}

function wasImportedVerified(
  { catalogue }: ServiceContext['repository'],
  { id }: Snapshot,
): boolean {
  const [imported] = catalogue.journal.list({ kind: 'import', snapshotId: id, limit: 1 })
  const record = imported?.record['record'] as { readonly status?: unknown } | undefined
  return record?.status === 'verified'
}

interface FailedRestore {
  readonly error: unknown
  readonly restoreId: string
  readonly startedAtMs: number
}

async function recordFailed(
  context: ServiceContext,
  options: RestoreOptions,
  { error, restoreId, startedAtMs }: FailedRestore,
): Promise<void> {
  const message = errorText(error)
  const isRefused =
    error instanceof HoldfastError && (error.code === 'NOT_VERIFIED' || error.code === 'USAGE')
  const { snapshot, target } = options
  if (!isRefused) {
    try {
      await operationsOf(context).writeJournal(context.repository, {
        kind: 'restoration',
        snapshotId: snapshot.id,
        backupId: snapshot.backupId,
        restoreId,
        startedAtMs,
        result: 'failed',
        message,
        target: target?.toString() ?? '',
        paths: [],
        verificationPassed: false,
        actor: { ...context.actor },
      })
    } catch (cause) {
      tellNotice(context, `The restore could not be recorded in the journal: ${errorText(cause)}`)
    }
  }
  await logAccess(context, {
    action: 'restore',
    target: targetText(options),
    result: isRefused ? 'refused' : 'failed',
    message,
  })
}

/** `backup_1790000000:/data/index to /tmp/look` */
function targetText({ snapshot, path, target }: RestoreOptions): string {
  const part = path === undefined || path.length === 0 ? '' : `:${path.toString()}`
  return `${snapshot.backupId}${part}${target === undefined ? '' : ` to ${target.toString()}`}`
}
