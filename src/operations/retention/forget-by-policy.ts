import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'
import type { Actor } from '../../model/actor.ts'
import { lockRepository } from '../../repository/lock-repository.ts'
import type { Repository } from '../../repository/repository.ts'
import { withoutSuperseded } from './superseded.ts'
import { forgetUnderLock } from './forget-snapshots.ts'
import { planRetention, type PlannedGroup, type RetentionOptions } from './plan-retention.ts'
import type { RetentionSnapshot } from './retention-snapshot.ts'

export interface ForgetByPolicyOptions extends Omit<
  RetentionOptions<SnapshotSummary>,
  'nowMs' | 'clientNowMs'
> {
  /** Also when the policy keeps nothing of a group by its own rules. */
  readonly mayRemoveAll: boolean
  /** For the records of what was deleted. */
  readonly actor?: Actor
  /** Decide, and change nothing. */
  readonly dryRun: boolean
}

export interface ForgetByPolicyResult {
  readonly groups: readonly PlannedGroup<SnapshotSummary>[]
  /** Nothing was forgotten, not even of other groups, because the policy keeps nothing of a group. */
  readonly isRefused: boolean
}

/**
 * Forgets what a policy does not keep. `undeleteSnapshots` brings it back.
 *
 * Deciding and forgetting happen under one lock: of two runs with different policies the second decides about what the first has left.
 *
 * @throws {RepositoryError} `REPOSITORY_LOCKED` while a prune or repair runs; or the storage fails. Snapshots forgotten so far stay so
 */
export async function forgetByPolicy(
  repository: Repository,
  options: ForgetByPolicyOptions,
): Promise<ForgetByPolicyResult> {
  const { dryRun, mayRemoveAll } = options
  const kind = dryRun ? 'shared' : 'maintenance'
  const { lock } = await lockRepository(repository, kind, 'forget', { mayOnlyRead: dryRun })
  try {
    const snapshots = listForRetention(repository)
    const clocks = { nowMs: lock.storageNowMs(), clientNowMs: repository.clock.nowMs() }
    const groups = planRetention(snapshots, { ...options, ...clocks })
    const isRefused = !mayRemoveAll && groups.some(({ removesAll }) => removesAll)
    if (!dryRun && !isRefused) {
      const removed = groups
        .flatMap(({ decisions }) => decisions)
        .filter(({ isKept }) => !isKept)
        .map(({ snapshot }) => snapshot)
      await forgetUnderLock(repository, removed, lock, options.actor)
    }
    return { groups, isRefused }
  } finally {
    await lock.release()
  }
}

function listForRetention({ catalogue }: Repository): (SnapshotSummary & RetentionSnapshot)[] {
  const imports = catalogue.journal.newestBySnapshot('import')
  return withoutSuperseded(catalogue.snapshots.list()).map((snapshot) => {
    const record = imports.get(snapshot.id)?.['record'] as { readonly status?: unknown } | undefined
    const wasImportedVerified = record?.status === 'verified' && snapshot.damagedAtMs === null
    return wasImportedVerified ? { ...snapshot, wasImportedVerified } : snapshot
  })
}
