import { hostname } from 'node:os'

import { HoldfastError } from '../foundation/errors.ts'
import type { BackupType, Snapshot } from '../model/snapshot.ts'
import type { SnapshotOptions } from '../operations/snapshot/snapshot-options.ts'
import { copyToOthers } from './also-to/copy-to-others.ts'
import type { OtherOutcome } from './also-to/other-repositories.ts'
import { chooseSources, type ConfiguredSources } from './choose-sources.ts'
import { errorText } from './error-text.ts'
import { recordFailure } from './record-failure.ts'
import { requireEnabled } from './require-enabled.ts'
import { readPatterns } from './read-patterns.ts'
import { operationsOf, tellNotice, type ServiceContext } from './service-context.ts'
import type { FoundDamage, Saved, Verified } from './service-operations.ts'
import { pingRuns, tellAlertsAfter } from './tell-after-run.ts'
import { runConfiguredHook, type HookFacts } from './hooks/run-configured-hook.ts'

/** What the command line may add to what the configuration says. */
export type BackupAdditions = Partial<
  Pick<
    SnapshotOptions,
    | 'hostname'
    | 'tags'
    | 'excludes'
    | 'excludeCaches'
    | 'excludeIfPresent'
    | 'excludeLargerThanBytes'
    | 'oneFileSystem'
    | 'dryRun'
    | 'readAll'
    | 'parent'
    | 'estimate'
  >
>

export interface BackupRequest {
  readonly type: BackupType
  readonly description?: string
  /** Whether a person or the schedule wants it. */
  readonly trigger: 'manual' | 'schedule'
  readonly additions?: BackupAdditions
}

export interface BackupResult extends Saved {
  /** Undefined when it was not verified at once. */
  readonly isVerified: boolean | undefined
  readonly damaged: readonly FoundDamage[]
  readonly verification: Verified | undefined
  /** Why it could not be verified, although it was wanted; the backup itself is saved. */
  readonly verificationError: unknown
  /** What became of the copies in other repositories. */
  readonly others: readonly OtherOutcome[]
}

/**
 * Makes a backup of what the configuration names: `full` reads every file of all paths, `incremental` trusts what is unchanged, the other types
 * save one path each. Hooks run around it, it is verified where the configuration says so, and copied into the other repositories when what the hooks have
 * stopped runs again; pings and alerts are told. A configured path that is missing is a notice.
 *
 * A run that makes no backup, for whatever reason, is recorded as failed, `backup_<seconds>` of its start, before the error goes on.
 *
 * @throws {HoldfastError} `BACKUP_DISABLED`, `USAGE` or `CONFIG_INVALID` before anything began and without a record; `PATH_NOT_FOUND` when
 *   none of the paths exists, `HOOK_FAILED`, and what the repository throws, with one
 */
export async function createBackup(
  context: ServiceContext,
  request: BackupRequest,
): Promise<BackupResult> {
  requireEnabled(context.configuration)
  const sources = chooseSources(context.configuration, request.type)
  const options = optionsOf(sources, request)
  if (options.dryRun === true) {
    return { ...(await save(context, options)), ...notVerified, others: [] }
  }
  const startedAtMs = Date.now()
  const ping = pingRuns(context)
  const facts = factsOf(context, request)
  await ping('start')
  let saved: Omit<BackupResult, 'others'>
  try {
    await runConfiguredHook(context, 'before', facts)
    const made = await save(context, options)
    saved = { ...made, ...(await verifyNew(context, made.snapshot)) }
    await runConfiguredHook(context, 'after', { ...facts, ...factsOfResult(saved) })
  } catch (error) {
    const message = errorText(context.signal.aborted ? reasonOf(context.signal, error) : error)
    await recordFailure(context, { request, startedAtMs, message })
    await runConfiguredHook(context, 'failed', { ...facts, ERROR: message })
    await ping('fail')
    await tellAlertsAfter(context)
    throw error
  }
  let others: readonly OtherOutcome[] | undefined
  try {
    others = await copyToOthers(context, saved.snapshot)
    return { ...saved, others }
  } finally {
    const isGood = saved.isVerified !== false && saved.verificationError === undefined
    const isCopied = others?.every(({ error, damaged }) => error === null && damaged === 0) === true
    await ping(isGood && isCopied ? 'success' : 'fail')
    await tellAlertsAfter(context)
  }
}

const notVerified = {
  isVerified: undefined,
  damaged: [],
  verification: undefined,
  verificationError: undefined,
} as const

/** What an interrupted operation throws follows from the interruption. */
function reasonOf(signal: AbortSignal, error: unknown): unknown {
  return signal.reason instanceof HoldfastError ? signal.reason : error
}

async function save(
  context: ServiceContext,
  options: SnapshotOptions & { readonly dryRun: boolean },
): Promise<Saved> {
  const { repository, signal, onEvent } = context
  return await operationsOf(context).snapshot(repository, { ...options, signal, onEvent })
}

function optionsOf(
  { paths, base, settings }: ConfiguredSources,
  { type, description, additions = {} }: BackupRequest,
): SnapshotOptions & { readonly dryRun: boolean } {
  const host = additions.hostname ?? settings.host
  return {
    ...additions,
    paths,
    ...(base !== undefined && { base }),
    type,
    description: description ?? '',
    ...(host !== undefined && { hostname: host }),
    tags: [...settings.tags, ...(additions.tags ?? [])],
    excludes: [
      ...settings.exclude,
      ...readPatterns(settings.excludeFiles),
      ...(additions.excludes ?? []),
    ],
    excludeIfPresent: [...settings.excludeIfPresent, ...(additions.excludeIfPresent ?? [])],
    excludeCaches: settings.excludeCaches || additions.excludeCaches === true,
    oneFileSystem: settings.oneFileSystem || additions.oneFileSystem === true,
    // A full backup is the one that trusts nothing.
    readAll: additions.readAll === true || type === 'full',
    toleratesMissing: true,
    dryRun: additions.dryRun === true,
  }
}

/** `verification: true`: each new backup is read back and proved. That it cannot be proved now does not unmake it. */
async function verifyNew(
  context: ServiceContext,
  snapshot: Snapshot | null,
): Promise<Omit<BackupResult, keyof Saved | 'others'>> {
  const { repository, configuration, signal, onEvent } = context
  if (snapshot === null || configuration?.backup?.verification !== true) return notVerified
  try {
    const verification = await operationsOf(context).verify(repository, {
      signal,
      // Damage is in the result.
      onEvent: (event) => {
        if (event.type !== 'damage') onEvent(event)
      },
      snapshots: [snapshot],
    })
    const { damaged } = verification
    const isVerified = damaged.length === 0
    return { isVerified, damaged, verification, verificationError: undefined }
  } catch (error) {
    tellNotice(context, `The backup is saved and could not be verified: ${errorText(error)}`)
    return { ...notVerified, verificationError: error }
  }
}

function factsOf(context: ServiceContext, request: BackupRequest): HookFacts {
  return {
    TYPE: request.type,
    TRIGGER: request.trigger,
    DESCRIPTION: request.description ?? '',
    REPOSITORY: context.repository.location ?? '',
    HOST: context.configuration?.settings.host ?? hostname(),
    CONFIG: context.configuration?.file ?? '',
  }
}

function factsOfResult(result: Omit<BackupResult, 'others'>): HookFacts {
  const { snapshot, statistics, unreadable, isVerified } = result
  return {
    BACKUP_ID: snapshot?.backupId ?? '',
    SNAPSHOT_ID: snapshot?.id ?? '',
    FILES: statistics.files,
    BYTES: statistics.bytes,
    BYTES_ADDED: statistics.storedBytesAdded,
    UNREADABLE: unreadable,
    VERIFIED: isVerified === undefined ? '' : String(isVerified),
  }
}
