import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PackRow } from '../../src/catalogue/blob-location.ts'
import {
  LivePlaces,
  isIdOfPlace,
  offsetOfPlace,
  placeOf,
} from '../../src/operations/prune/live-places.ts'
import { planPrune, type PackUse } from '../../src/operations/prune/prune-plan.ts'

const uses = fc.array(fc.tuple(fc.nat(1000), fc.nat(1000)), { maxLength: 40 }).map((pairs) =>
  pairs.map(([liveBytes, deadBytes], row): PackUse => {
    const pack = { row: row + 1 } as unknown as PackRow
    return { pack, liveBytes, deadBytes }
  }),
)
const ratio = fc.constantFrom(0, 0.01, 0.05, 0.3, 1)

/** The least number of packs to rewrite, found by trying every number of them. */
function fewestRepacks(all: readonly PackUse[], unusedRatioMax: number): number {
  const live = all.reduce((sum, use) => sum + use.liveBytes, 0)
  const partly = all.filter(({ liveBytes, deadBytes }) => liveBytes > 0 && deadBytes > 0)
  const part = ({ liveBytes, deadBytes }: PackUse): number => deadBytes / (liveBytes + deadBytes)
  const order = partly.toSorted((left, right) => part(right) - part(left))
  for (let count = 0; ; count++) {
    const kept = order.slice(count).reduce((sum, use) => sum + use.deadBytes, 0)
    if (kept <= live * unusedRatioMax) return count
  }
}

describe('planPrune()', () => {
  it('removes the packs without a live byte, and no other', () => {
    fc.assert(
      fc.property(uses, ratio, (all, unusedRatioMax) => {
        const { remove } = planPrune(all, {
          unused: { ratio: unusedRatioMax },
          repackBytes: Infinity,
        })
        expect(remove).toEqual(
          all.filter(({ liveBytes }) => liveBytes === 0).map(({ pack }) => pack),
        )
      }),
    )
  })

  it('rewrites only packs that are partly dead, and no more than it takes', () => {
    fc.assert(
      fc.property(uses, ratio, (all, unusedRatioMax) => {
        const { remove, repack } = planPrune(all, {
          unused: { ratio: unusedRatioMax },
          repackBytes: Infinity,
        })
        const byPack = new Map(all.map((use) => [use.pack, use]))
        for (const pack of repack) {
          const use = byPack.get(pack)
          expect(use?.liveBytes).toBeGreaterThan(0)
          expect(use?.deadBytes).toBeGreaterThan(0)
        }
        expect(new Set([...remove, ...repack]).size).toBe(remove.length + repack.length)
        expect(repack.length).toBe(fewestRepacks(all, unusedRatioMax))
      }),
    )
  })

  it('keeps no more dead bytes than it may, and says how many', () => {
    fc.assert(
      fc.property(uses, ratio, (all, unusedRatioMax) => {
        const { remove, repack, deadBytesKept } = planPrune(all, {
          unused: { ratio: unusedRatioMax },
          repackBytes: Infinity,
        })
        const gone = new Set([...remove, ...repack])
        const kept = all.filter(({ pack }) => !gone.has(pack))
        const dead = kept.reduce((sum, use) => sum + use.deadBytes, 0)
        const live = all.reduce((sum, use) => sum + use.liveBytes, 0)
        expect(deadBytesKept).toBe(dead)
        expect(dead).toBeLessThanOrEqual(live * unusedRatioMax)
      }),
    )
  })
})

describe('LivePlaces', () => {
  const offset = fc.nat(2 ** 25 - 1)
  const id = fc.uint8Array({ minLength: 32, maxLength: 32 })

  it('gives every place once and in order, however often it was added', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(offset, id), { maxLength: 300 }),
        fc.nat(3),
        (blobs, repeats) => {
          const places = new LivePlaces()
          const expected = new Set<number>()
          for (let turn = 0; turn <= repeats; turn++) {
            for (const [at, bytes] of blobs) {
              places.add(placeOf(at, bytes, 0))
              expected.add(placeOf(at, bytes, 0))
            }
          }
          expect([...places.unique]).toEqual([...expected].sort((left, right) => left - right))
        },
      ),
    )
  })

  it('knows the offset exactly and its id from others', () => {
    fc.assert(
      fc.property(offset, id, id, (at, bytes, other) => {
        const place = placeOf(at, bytes, 0)
        expect(Number.isSafeInteger(place)).toBe(true)
        expect(offsetOfPlace(place)).toBe(at)
        expect(isIdOfPlace(place, bytes, 0)).toBe(true)
        const isSameStart = bytes.slice(0, 3).every((byte, index) => byte === other[index])
        fc.pre(!isSameStart)
        expect(isIdOfPlace(place, other, 0)).toBe(false)
      }),
    )
  })
})
