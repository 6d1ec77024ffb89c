import { HoldfastError } from '../foundation/errors.ts'
import { counted } from '../foundation/human.ts'
import { logAccess } from './access-log.ts'
import { errorText } from './error-text.ts'
import { runPrune } from './run-prune.ts'
import { operationsOf, type ServiceContext } from './service-context.ts'
import type { PolicyGroup, PolicyOptions, PolicySnapshot, Pruned } from './service-operations.ts'
import { tellAlertsAfter } from './tell-after-run.ts'

/** A policy and what it is applied to. */
export type PolicyChoice = Pick<PolicyOptions, 'policy' | 'groupBy' | 'isSelected' | 'trustTimes'>

export interface PolicyRequest {
  readonly choice: PolicyChoice
  /** What it is called in the access log. */
  readonly action: 'forget' | 'cleanup'
  /** Also when the policy keeps nothing of a group. */
  readonly mayRemoveAll?: boolean
  readonly dryRun?: boolean
  /** Free the space afterwards, as far as the grace of what was forgotten allows. */
  readonly prunes: boolean
  /** How long the data of what is forgotten stays, also that of now; default: that of `prune`. */
  readonly graceMs?: number | undefined
  /** Told before a refusal is thrown and before the prune, whose failure does not bring back what was forgotten. */
  readonly onForgotten?: ((forgotten: Forgotten) => void) | undefined
}

export interface Forgotten {
  readonly groups: readonly PolicyGroup[]
  readonly kept: readonly PolicySnapshot[]
  /** On a dry run, and when it was refused, what would be. */
  readonly removed: readonly PolicySnapshot[]
  /** Nothing was forgotten, because the policy keeps nothing of a group. */
  readonly isRefused: boolean
}

export interface PolicyOutcome extends Forgotten {
  /** Null when the space was left alone. */
  readonly pruned: Pruned | null
}

/**
 * Forgets what a policy does not keep. Who did it and what went is on record, also when it failed, and alerts are told.
 *
 * @throws {HoldfastError} `RETENTION_REFUSED` when the policy keeps nothing of a group; nothing is forgotten then, not even of other groups
 */
export async function forgetByPolicy(
  context: ServiceContext,
  request: PolicyRequest,
): Promise<PolicyOutcome> {
  const dryRun = request.dryRun === true
  const forgotten = await onRecord(context, request, () => forget(context, request))
  request.onForgotten?.(forgotten)
  if (forgotten.isRefused) throw refused(forgotten.groups)
  // The prune has a record of its own, and tells of alerts at its end.
  const { graceMs } = request
  const limits = { dryRun, ...(graceMs !== undefined && { graceMs }) }
  const pruned = request.prunes ? await runPrune(context, limits) : null
  if (!request.prunes && !dryRun) await tellAlertsAfter(context)
  return { ...forgotten, pruned }
}

async function onRecord(
  context: ServiceContext,
  { action, dryRun }: PolicyRequest,
  work: () => Promise<Forgotten>,
): Promise<Forgotten> {
  if (dryRun === true) return await work()
  let forgotten: Forgotten
  try {
    forgotten = await work()
  } catch (error) {
    await logAccess(context, { action, target: '', result: 'failed', message: errorText(error) })
    await tellAlertsAfter(context)
    throw error
  }
  const { removed, isRefused } = forgotten
  const target = isRefused ? '' : removed.map(({ backupId }) => backupId).join(' ')
  const message = isRefused ? 'The policy keeps nothing of a group' : `${removed.length} deleted`
  await logAccess(context, { action, target, result: isRefused ? 'refused' : 'ok', message })
  return forgotten
}

async function forget(context: ServiceContext, request: PolicyRequest): Promise<Forgotten> {
  const { repository, actor, signal, onEvent } = context
  const { choice, mayRemoveAll = false, dryRun = false } = request
  const options = { ...choice, mayRemoveAll, dryRun, actor, signal, onEvent }
  const { groups, isRefused } = await operationsOf(context).forgetByPolicy(repository, options)
  const decisions = groups.flatMap((group) => group.decisions)
  const chosen = (isKept: boolean): PolicySnapshot[] =>
    decisions.filter((decision) => decision.isKept === isKept).map(({ snapshot }) => snapshot)
  return { groups, kept: chosen(true), removed: chosen(false), isRefused }
}

function refused(groups: readonly PolicyGroup[]): HoldfastError {
  const gone = groups.filter(({ removesAll }) => removesAll)
  const snapshots = gone.reduce((count, { decisions }) => count + decisions.length, 0)
  return new HoldfastError(
    'RETENTION_REFUSED',
    `Cannot forget by this policy: it keeps nothing of ${counted(gone.length, 'group')} with ${counted(snapshots, 'snapshot')}`,
    {
      remedy:
        'Look at it with --dry-run and add a rule such as `--keep-last 1`, or allow it with --unsafe-allow-remove-all',
      facts: { groups: gone.length, snapshots },
    },
  )
}
