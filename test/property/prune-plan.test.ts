import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PackRow } from '../../src/catalogue/blob-location.ts'
import {
  PackPlaces,
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

describe('PackPlaces', () => {
  const segment = fc.oneof(fc.nat(3), fc.constantFrom(65_534, 65_535))
  const offset = fc.oneof(fc.nat(2 ** 25 - 1), fc.constantFrom(0, 511, 512, 2 ** 25 - 1))
  const id = fc.uint8Array({ minLength: 32, maxLength: 32 })

  it('gives the places of each segment once and in order, however often they were added', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(segment, offset, id), { maxLength: 300 }),
        fc.nat(3),
        (blobs, repeats) => {
          const places = new PackPlaces()
          for (let turn = 0; turn <= repeats; turn++) {
            for (const [number, at, bytes] of blobs) places.add(number, at, bytes)
          }
          const expected = [...new Set(blobs.map(([number]) => number))]
            .toSorted((left, right) => left - right)
            .map((number) => [
              number,
              [
                ...new Set(
                  blobs
                    .filter((blob) => blob[0] === number)
                    .map(([, at, bytes]) => placeOf(at, bytes, 0)),
                ),
              ].toSorted((left, right) => left - right),
            ])
          const found = [...places.bySegment()].map(([number, live]) => [number, [...live]])
          expect(found).toEqual(expected)
        },
      ),
    )
  })

  it('goes on after it was asked', () => {
    const places = new PackPlaces()
    const bytes = new Uint8Array(32)
    places.add(7, 70, bytes)
    expect([...places.bySegment().keys()]).toEqual([7])
    for (let at = 0; at < 100; at++) places.add(3, at, bytes)
    const found = places.bySegment()
    expect([...found.keys()]).toEqual([3, 7])
    expect([...(found.get(3) ?? [])]).toEqual(
      Array.from({ length: 100 }, (_, at) => placeOf(at, bytes, 0)),
    )
  })

  it('knows the offset exactly and its id from others', () => {
    fc.assert(
      fc.property(offset, id, id, (at, bytes, other) => {
        const place = placeOf(at, bytes, 0)
        expect(Number.isSafeInteger(place)).toBe(true)
        expect(offsetOfPlace(place)).toBe(at)
        expect(isIdOfPlace(place, bytes, 0)).toBe(true)
        const isSameStart = [255, 255, 127].every(
          (mask, index) => ((bytes[index] ^ other[index]) & mask) === 0,
        )
        fc.pre(!isSameStart)
        expect(isIdOfPlace(place, other, 0)).toBe(false)
      }),
    )
  })
})
