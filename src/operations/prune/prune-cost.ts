import type { PackRow } from '../../catalogue/blob-location.ts'
import { sumCosts, type StorageCost } from '../../foundation/storage-cost.ts'
import { costOfRanges, type ReadCost } from '../../repository/read-cost.ts'
import { endRequestsOf } from '../../repository/read-ends.ts'
import type { Repository } from '../../repository/repository.ts'
import { sealedRangeOf } from '../../repository/sealed-range.ts'

/** What a prune is going to do. */
export interface PruneWork {
  /** Packs of which something is copied, with the numbers of the segments that are needed as keys. */
  readonly copies: readonly {
    readonly pack: PackRow
    readonly live: ReadonlyMap<number, unknown> | undefined
  }[]
  /** Reading what is kept in the place of what goes. */
  readonly proofs: readonly ReadCost[]
  /** Of the copies, in bytes. */
  readonly newBytes: number
  /** Packs that go. */
  readonly goneCount: number
  /** Forgotten snapshots that go, as far as they are not gone yet. */
  readonly expiredCount: number
  /** Objects whose retention is extended. */
  readonly retainedCount: number
}

/** Who is at work, and what has been committed meanwhile, before and after packs are condemned (measured). */
const listsBesideSweep = 15
/** Of a new pack, as a rule. */
const packBytes = 28 * 1024 * 1024
/** Packs that one index object names. */
const packsPerIndex = 32
/** That one request tells of. */
const versionsPerList = 1000

/**
 * What it asks of the storage from here on. Which index objects name packs that go is known when they have been read; until then each of those
 * packs is taken to be in one of its own.
 */
export function pruneCost(
  { catalogue }: Pick<Repository, 'catalogue'>,
  { copies, proofs, newBytes, goneCount, expiredCount, retainedCount }: PruneWork,
): StorageCost {
  const indexCount = catalogue.objectIds('index').size
  const replaced = Math.min(indexCount, goneCount)
  const newPacks = Math.ceil(newBytes / packBytes)
  const reads = copies.map(({ pack, live }) => {
    const needed = catalogue.blobs.segments(pack.row).filter(({ number }) => live?.has(number))
    const cost = costOfRanges(needed.map((segment) => sealedRangeOf(pack.id, segment)))
    return sumCosts(cost, { gets: endRequestsOf(pack.bytes) })
  })
  return sumCosts(...reads, ...proofs, {
    gets: goneCount > 0 ? indexCount : 0,
    puts:
      newPacks +
      Math.ceil((newPacks + replaced) / packsPerIndex) +
      (goneCount > 0 ? 1 : 0) +
      retainedCount,
    lists: (goneCount > 0 ? listsBesideSweep : 0) + Math.ceil(retainedCount / versionsPerList),
    deletes: goneCount + replaced + (goneCount > 0 ? 1 : 0) + expiredCount,
    uploadBytes: newBytes,
  })
}
