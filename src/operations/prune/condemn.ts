import { condemnedItemsMax, encodeCondemnation } from '../../format/manifest/condemnation.ts'
import { RepositoryError } from '../../foundation/errors.ts'
import type { StandingCondemnation } from '../../model/condemnation.ts'
import type { PackId, SnapshotId } from '../../model/ids.ts'
import type { RepositoryLock } from '../../repository/locks.ts'
import type { Repository } from '../../repository/repository.ts'
import type { StandingLock } from '../../repository/standing-locks.ts'

/** Tells every run that begins from now on which packs are about to go. */
export async function condemn(
  repository: Repository,
  packs: readonly PackId[],
  marked: readonly SnapshotId[],
  lock: RepositoryLock,
): Promise<StandingCondemnation> {
  if (marked.length > condemnedItemsMax) {
    throw new RepositoryError(
      'STORAGE_FAILED',
      `Cannot prune: ${marked.length} snapshots are more than ${condemnedItemsMax}`,
      { remedy: 'Forget some of them first' },
    )
  }
  const condemnation = {
    version: 1,
    atMs: Math.max(0, Math.round(repository.clock.nowMs())),
    // What does not fit goes with the next prune.
    packs: packs.slice(0, condemnedItemsMax),
    marked,
  } as const
  const { id, bytes } = repository.seal('condemned', encodeCondemnation(condemnation))
  // By itself it takes nothing away.
  await lock.assertHeldLately()
  await repository.storage.put(`condemned/${id}`, bytes)
  return { ...condemnation, id }
}

/** Locks whose holders may use what is condemned, because they began before they could know. */
export function witnessesOf(
  { id }: StandingCondemnation,
  others: readonly StandingLock[],
): StandingLock[] {
  return others.filter(({ record }) => record === 'unreadable' || !record.knows.includes(id))
}
