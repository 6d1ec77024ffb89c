import type { SnapshotSummary } from '../catalogue/snapshot-row.ts'

/**
 * True for a snapshot that came after its writer's lease was over, and that nobody has verified since. Its writer was stopped between its last
 * look at its lock and the put, and either died before it could take the snapshot back or is about to: nobody was told that it exists, and a prune
 * may have taken what it needs (docs/decisions/0007, point 8). So nothing may rest on it.
 */
export function isLate({
  receivedAtMs,
  leaseEndedAtMs,
  verifiedAtMs,
}: Pick<SnapshotSummary, 'receivedAtMs' | 'leaseEndedAtMs' | 'verifiedAtMs'>): boolean {
  if (receivedAtMs === null || leaseEndedAtMs === null) return false
  return receivedAtMs >= leaseEndedAtMs && verifiedAtMs === null
}
