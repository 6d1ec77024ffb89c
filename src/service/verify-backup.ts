import type { Snapshot } from '../model/snapshot.ts'
import { operationsOf, type ServiceContext } from './service-context.ts'
import type { Verified } from './service-operations.ts'
import { tellAlertsAfter } from './tell-after-run.ts'

/**
 * Proves snapshots intact, all of the repository without any; records the result, and tells of damage.
 *
 * @throws {RepositoryError} when the storage cannot be read; damage is a result and not an error
 */
export async function verifyBackup(
  context: ServiceContext,
  snapshots?: readonly Snapshot[],
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<Verified> {
  const { repository, signal, onEvent } = context
  const result = await operationsOf(context).verify(repository, {
    signal,
    onEvent,
    ...(snapshots !== undefined && { snapshots }),
    ...(dryRun && { dryRun }),
  })
  if (dryRun) return result
  await tellAlertsAfter(context)
  return result
}
