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

/** How much dead plaintext may stay: a part of what is live, or so many bytes. */
export type UnusedLimit = { readonly ratio: number } | { readonly bytes: number }

export interface PruneLimits {
  readonly unused: UnusedLimit
  /** Most bytes of packs that are rewritten in one run. */
  readonly repackBytes: number
}

/** Copying pays when enough is gained by it: up to this part of what is live may stay dead (restic's default). */
export const unusedRatioMaxDefault = 0.05

/** A nightly backup that finds little new leaves a pack this small; hundreds of them make listing and restoring slower. */
const smallPackBytes = 4 * 1024 * 1024
/** Merging so many at a time rewrites each byte only a few times in the life of a repository. */
const smallPacksMin = 16

/**
 * Chooses which packs go and which are rewritten: those with the largest dead part first, until no more than the permitted part of all
 * live bytes is dead; then small packs, when there are many.
 */
export function planPrune(uses: readonly PackUse[], limits: PruneLimits): PrunePlan {
  const remove = uses.filter((use) => use.liveBytes === 0).map((use) => use.pack)
  const live = uses.filter((use) => use.liveBytes > 0)
  const partlyDead = live
    .filter((use) => use.deadBytes > 0)
    .sort((left, right) => deadPart(right) - deadPart(left))
  const liveBytes = uses.reduce((sum, use) => sum + use.liveBytes, 0)
  const { unused } = limits
  const deadBytesMax = 'ratio' in unused ? liveBytes * unused.ratio : unused.bytes
  let deadBytesKept = partlyDead.reduce((sum, use) => sum + use.deadBytes, 0)
  let repackBytesLeft = limits.repackBytes
  const repack = new Set<PackRow>()
  for (const { pack, deadBytes } of partlyDead) {
    if (deadBytesKept <= deadBytesMax) break
    if (pack.bytes > repackBytesLeft) continue
    repack.add(pack)
    repackBytesLeft -= pack.bytes
    deadBytesKept -= deadBytes
  }
  const small = live.filter(({ pack }) => pack.bytes < smallPackBytes && !repack.has(pack))
  if (small.length >= smallPacksMin) {
    for (const { pack, deadBytes } of small) {
      if (pack.bytes > repackBytesLeft) continue
      repack.add(pack)
      repackBytesLeft -= pack.bytes
      deadBytesKept -= deadBytes
    }
  }
  return { remove, repack: [...repack], deadBytesKept }
}

function deadPart(use: PackUse): number {
  return use.deadBytes / (use.liveBytes + use.deadBytes)
}

/** Compressed size of what would be copied, taken to be in proportion to the plaintext. */
export function estimateCopies(plan: PrunePlan, uses: readonly PackUse[]): number {
  const repacked = new Set(plan.repack)
  let bytes = 0
  for (const { pack, liveBytes, deadBytes } of uses) {
    if (repacked.has(pack)) bytes += (pack.bytes * liveBytes) / (liveBytes + deadBytes)
  }
  return Math.round(bytes)
}
