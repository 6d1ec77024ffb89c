import { setTimeout as sleep } from 'node:timers/promises'

import { counted, humanBytes } from '../foundation/human.ts'
import type { PruneOptions } from '../operations/prune/prune.ts'
import { logAccess } from './access-log.ts'
import { errorText } from './error-text.ts'
import { operationsOf, type ServiceContext } from './service-context.ts'
import type { Pruned } from './service-operations.ts'
import { tellAlertsAfter } from './tell-after-run.ts'

export interface PruneRequest extends Pick<
  PruneOptions,
  'dryRun' | 'graceMs' | 'unused' | 'repackBytesMax'
> {
  /** Go on until nobody is at work any more who may use what was condemned. */
  readonly waits?: boolean
}

const waitStepMs = 5000

/**
 * Frees the space that no snapshot needs. Who did it and which backups went for good is on record, also when it failed, and alerts are told.
 *
 * @throws what the repository throws
 */
export async function runPrune(
  context: ServiceContext,
  request: PruneRequest = {},
): Promise<Pruned> {
  if (request.dryRun === true) return await prune(context, request)
  const action = 'prune' as const
  try {
    const pruned = await prune(context, request)
    const access = { target: droppedBackups(context, pruned), message: messageOf(pruned) }
    await logAccess(context, { action, ...access, result: 'ok' })
    return pruned
  } catch (error) {
    const message = errorText(error)
    await logAccess(context, { action, target: '', result: 'failed', message })
    throw error
  } finally {
    await tellAlertsAfter(context)
  }
}

async function prune(
  context: ServiceContext,
  { waits, dryRun = false, ...limits }: PruneRequest,
): Promise<Pruned> {
  const { repository, signal, onEvent } = context
  const operations = operationsOf(context)
  const run = (): Promise<Pruned> =>
    operations.prune(repository, { ...limits, dryRun, signal, onEvent })
  let total = await run()
  if (waits !== true) return total
  while (total.waitingFor.length > 0) {
    await sleep(waitStepMs, undefined, { signal })
    total = sumOf(total, await run())
  }
  return total
}

function sumOf(before: Pruned, last: Pruned): Pruned {
  return {
    ...last,
    packsDeleted: before.packsDeleted + last.packsDeleted,
    packsRewritten: before.packsRewritten + last.packsRewritten,
    bytesFreed: before.bytesFreed + last.bytesFreed,
    snapshotsDropped: before.snapshotsDropped + last.snapshotsDropped,
    droppedIds: [...before.droppedIds, ...last.droppedIds],
    durationMs: before.durationMs + last.durationMs,
  }
}

/** By the records of when they were forgotten; one that was forgotten by a run that was killed has none, and goes by its id. */
function droppedBackups({ repository }: ServiceContext, { droppedIds }: Pruned): string {
  if (droppedIds.length === 0) return ''
  const backupIds = new Map<unknown, string>()
  for (const { record } of repository.catalogue.journal.list({ kind: 'deletion' })) {
    const { snapshotId, backupId } = record
    if (typeof backupId === 'string') backupIds.set(snapshotId, backupId)
  }
  const names = droppedIds.map((id) => backupIds.get(id) ?? id)
  return names.toSorted().join(' ')
}

function messageOf({ snapshotsDropped, packsDeleted, packsRewritten, bytesFreed }: Pruned): string {
  return [
    `${counted(snapshotsDropped, 'snapshot')} dropped`,
    `${counted(packsDeleted, 'pack')} deleted`,
    `${counted(packsRewritten, 'pack')} rewritten`,
    `${humanBytes(Math.max(0, bytesFreed))} freed`,
  ].join(', ')
}
