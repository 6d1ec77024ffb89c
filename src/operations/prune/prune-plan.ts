import type { PackRow } from '../../catalogue/blob-location.ts'

/** What a pack holds, in bytes of plaintext. */
export interface PackUse {
  readonly pack: PackRow
  readonly liveBytes: number
  readonly deadBytes: number
}

export interface PrunePlan {
  /** Nothing in them is needed. */
  readonly remove: readonly PackRow[]
  /** What is live in them is copied to new packs. */
  readonly repack: readonly PackRow[]
  /** Dead plaintext that stays, in bytes. */
  readonly deadBytesKept: number
}

/** Copying pays when enough is gained by it: up to this part of what is live may stay dead (restic's default). */
export const unusedRatioMaxDefault = 0.05

/**
 * Chooses which packs go and which are rewritten: those with the largest dead part first, until no more than the permitted part of all
 * live bytes is dead.
 */
export function planPrune(uses: readonly PackUse[], unusedRatioMax: number): PrunePlan {
  const remove = uses.filter((use) => use.liveBytes === 0).map((use) => use.pack)
  const partlyDead = uses
    .filter((use) => use.liveBytes > 0 && use.deadBytes > 0)
    .sort((left, right) => deadPart(right) - deadPart(left))
  const liveBytes = uses.reduce((sum, use) => sum + use.liveBytes, 0)
  const deadBytesMax = liveBytes * unusedRatioMax
  let deadBytesKept = partlyDead.reduce((sum, use) => sum + use.deadBytes, 0)
  const repack: PackRow[] = []
  for (const use of partlyDead) {
    if (deadBytesKept <= deadBytesMax) break
    repack.push(use.pack)
    deadBytesKept -= use.deadBytes
  }
  return { remove, repack, deadBytesKept }
}

function deadPart(use: PackUse): number {
  return use.deadBytes / (use.liveBytes + use.deadBytes)
}
