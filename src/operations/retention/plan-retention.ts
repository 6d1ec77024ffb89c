import type { Grouping, RetentionPolicy } from '../../model/retention-policy.ts'
import { applyRetention, removesAll, type RetentionDecision } from './apply-retention.ts'
import { groupSnapshots, type SnapshotGroup } from './group-snapshots.ts'
import type { RetentionSnapshot } from './retention-snapshot.ts'
import { findLate, findSuspiciousTimes } from './suspicious-times.ts'

export interface RetentionOptions<S extends RetentionSnapshot = RetentionSnapshot> {
  readonly policy: RetentionPolicy
  readonly groupBy: ReadonlySet<Grouping>
  /** What the policy is applied to; all others stay. */
  readonly isSelected: (snapshot: S) => boolean
  /** Takes every time for what it says; late snapshots still count for no rule. */
  readonly trustTimes: boolean
  /** The storage's clock. */
  readonly nowMs: number
  /** The clock of this machine. */
  readonly clientNowMs: number
}

export interface PlannedGroup<S extends RetentionSnapshot = RetentionSnapshot> extends Omit<
  SnapshotGroup,
  'snapshots'
> {
  /** Newest first. */
  readonly decisions: readonly RetentionDecision<S>[]
  /** The policy removes some of it, and keeps nothing by its own rules. */
  readonly removesAll: boolean
}

/**
 * Decides what a policy keeps and removes, group by group.
 *
 * @param snapshots all of the repository, because what others say tells which times are wrong
 */
export function planRetention<S extends RetentionSnapshot>(
  snapshots: readonly S[],
  options: RetentionOptions<S>,
): PlannedGroup<S>[] {
  const { policy, groupBy, isSelected, trustTimes, nowMs, clientNowMs } = options
  const suspicious = trustTimes ? findLate(snapshots) : findSuspiciousTimes(snapshots, nowMs)
  // Of the two clocks one alone that is years ahead must not make everything old.
  const ageNowMs = policy.kind === 'limit' ? Math.min(nowMs, clientNowMs) : nowMs
  return groupSnapshots(snapshots.filter(isSelected), groupBy).map((group) => {
    const { hostname, paths, tags, copiedFrom } = group
    const decisions = applyRetention(group.snapshots, policy, { nowMs: ageNowMs, suspicious })
    // Limits are meant to remove everything where all is too old, and stop before the last by themselves.
    const isAll = policy.kind === 'keep' && removesAll(decisions)
    return { hostname, paths, tags, copiedFrom, decisions, removesAll: isAll }
  })
}
