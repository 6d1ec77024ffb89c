/** One place of a blob that lies in several. */
export interface BlobCopy {
  readonly packRow: number
  readonly segment: number
  readonly offset: number
}

export interface CopyRules<Copy extends BlobCopy = BlobCopy> {
  /** Live blobs that lie in the pack alone. */
  readonly liveCountOf: (packRow: number) => number
  readonly isCondemned: (packRow: number) => boolean
  /** It was read and is not what it has to be. */
  readonly isDamaged: (copy: Copy) => boolean
}

/**
 * Decides which copy of a blob is kept: outside of condemned packs if it can be, in the pack that has to stay for most other blobs, so that
 * whole packs become free. A damaged one is chosen only when all are.
 *
 * @param copies not empty
 */
export function chooseCopy<Copy extends BlobCopy>(
  copies: readonly Copy[],
  rules: CopyRules<Copy>,
): Copy {
  return copies.reduce((one, other) => (isBetter(other, one, rules) ? other : one))
}

function isBetter<Copy extends BlobCopy>(one: Copy, other: Copy, rules: CopyRules<Copy>): boolean {
  const damage = Number(rules.isDamaged(one)) - Number(rules.isDamaged(other))
  if (damage !== 0) return damage < 0
  const condemned =
    Number(rules.isCondemned(one.packRow)) - Number(rules.isCondemned(other.packRow))
  if (condemned !== 0) return condemned < 0
  const live = rules.liveCountOf(one.packRow) - rules.liveCountOf(other.packRow)
  if (live !== 0) return live > 0
  return one.packRow < other.packRow
}
