import { configPolicy } from './config-policy.ts'
import { forgetByPolicy, type PolicyOutcome, type PolicyRequest } from './forget-by-policy.ts'
import type { ServiceContext } from './service-context.ts'

export interface CleanupRequest extends Pick<PolicyRequest, 'dryRun' | 'onForgotten'> {
  /** Count also snapshots whose times cannot be right. */
  readonly trustTimes?: boolean
  /** Default true: the space is freed at once, as far as the grace of deleted backups allows. */
  readonly prune?: boolean
}

/**
 * Deletes what is older than `retention_days`, then the oldest beyond `max_backups`, of the backups of the configuration; never the last
 * verified full one.
 *
 * @throws {HoldfastError} `USAGE` or `CONFIG_INVALID` without a policy; what the repository throws
 */
export async function runCleanup(
  context: ServiceContext,
  { dryRun = false, trustTimes = false, prune = true, onForgotten }: CleanupRequest = {},
): Promise<PolicyOutcome> {
  return await forgetByPolicy(context, {
    choice: { ...configPolicy(context.configuration), trustTimes },
    action: 'cleanup',
    dryRun,
    prunes: prune,
    onForgotten,
  })
}
