import type { Snapshot } from '../model/snapshot.ts'
import type { Losses } from './audit/find-losses.ts'
import type { CondemnedPacks } from './condemned-packs.ts'

/**
 * Whether what is unchanged since the parent may be taken from it unread: not from one that may refer to what is about to go, nor from one
 * that was made before something was lost.
 */
export function mayTrustParent(
  parent: Snapshot,
  condemned: CondemnedPacks,
  losses: Losses,
): boolean {
  return condemned.isSettled(parent.id) && knowsLosses(parent, losses)
}

/** Whether all that is lost was known when the snapshot was made, and has been read again for it. */
export function knowsLosses(snapshot: Snapshot, { recordIds }: Losses): boolean {
  const known = new Set(snapshot.knownDamage)
  return recordIds.every((recordId) => known.has(recordId))
}
