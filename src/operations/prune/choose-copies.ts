/** One place of a blob that lies in several. */
export interface BlobCopy {
  readonly packRow: number
  readonly segment: number
  readonly offset: number
}

export interface CopyRules {
  /** Live blobs that lie in the pack alone. */
  readonly liveCountOf: (packRow: number) => number
  readonly isCondemned: (packRow: number) => boolean
  readonly isWhole: (packRow: number) => Promise<boolean>
}

/**
 * Decides which copy of each blob is kept: outside of condemned packs if it can be, in the pack that has to stay for most other blobs, so that
 * whole packs become free. A pack that turns out to be damaged is chosen only for what lies nowhere else.
 *
 * @param copiesOf by blob id; none is empty
 */
export async function chooseCopies(
  copiesOf: ReadonlyMap<string, readonly BlobCopy[]>,
  rules: CopyRules,
): Promise<Map<string, BlobCopy>> {
  const whole = new Map<number, boolean>()
  for (;;) {
    const chosen = new Map<string, BlobCopy>()
    const unread = new Set<number>()
    for (const [key, copies] of copiesOf) {
      const best = copies.reduce((one, other) =>
        isBetter(other.packRow, one.packRow, rules, whole) ? other : one,
      )
      chosen.set(key, best)
      if (copies.length > 1 && !whole.has(best.packRow)) unread.add(best.packRow)
    }
    if (unread.size === 0) return chosen
    for (const packRow of unread) whole.set(packRow, await rules.isWhole(packRow))
  }
}

function isBetter(
  one: number,
  other: number,
  rules: CopyRules,
  whole: ReadonlyMap<number, boolean>,
): boolean {
  const damage = Number(whole.get(one) === false) - Number(whole.get(other) === false)
  if (damage !== 0) return damage < 0
  const condemned = Number(rules.isCondemned(one)) - Number(rules.isCondemned(other))
  if (condemned !== 0) return condemned < 0
  const live = rules.liveCountOf(one) - rules.liveCountOf(other)
  if (live !== 0) return live > 0
  return one < other
}
