import { segmentKey } from '../../catalogue/blob-lookup.ts'
import type { ObjectId, PackId } from '../../model/ids.ts'
import type { Repository } from '../repository.ts'
import { lossRecords, recordFindings, standingDamage } from './damage-records.ts'

/** Where the packs that index objects name cannot be relied on. */
export interface Losses {
  /** Catalogue rows of packs of which nothing can be had. */
  readonly packs: readonly number[]
  /** Damaged segments of others, by `segmentKey`. */
  readonly segments: readonly number[]
  /** Records of damage that are not answered. */
  readonly recordIds: readonly ObjectId[]
}

/**
 * What is on record as lost, after `missing` has been put on record: what lies there and nowhere else counts as unknown for a backup.
 *
 * @param missing packs that index objects name and that are not in the storage
 */
export async function findLosses(
  repository: Repository,
  missing: readonly PackId[],
): Promise<Losses> {
  const damaged = missing.map((packId) => ({ packId, state: 'missing' as const, segments: [] }))
  await recordFindings(repository, { damaged, whole: [] })
  const packs: number[] = []
  const segments: number[] = []
  for (const damage of standingDamage(repository)) {
    const row = repository.catalogue.blobs.packById(damage.packId)?.row
    if (row === undefined) continue
    if (damage.state !== 'damaged') packs.push(row)
    else for (const segment of damage.segments) segments.push(segmentKey(row, segment))
  }
  return { packs, segments, recordIds: lossRecords(repository) }
}
