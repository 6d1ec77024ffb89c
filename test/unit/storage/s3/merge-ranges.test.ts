import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { ObjectRange } from '../../../../src/storage/object-range.ts'
import { mergeRanges, requestLimits } from '../../../../src/storage/s3/merge-ranges.ts'

const limits = { gapBytesMax: 4, requestBytesMax: 20 }

function range(name: string, offsetBytes: number, lengthBytes: number): ObjectRange {
  return { name, offsetBytes, lengthBytes }
}

function briefly(ranges: readonly ObjectRange[], by = limits): string[] {
  return mergeRanges(ranges, by).map(
    ({ name, offsetBytes, lengthBytes }) => `${name} ${offsetBytes}+${lengthBytes}`,
  )
}

describe('mergeRanges()', () => {
  it('asks at once for what lies side by side, or with a small gap between', () => {
    expect(briefly([range('a', 0, 5), range('a', 5, 5)])).toEqual(['a 0+10'])
    expect(briefly([range('a', 0, 5), range('a', 9, 5)])).toEqual(['a 0+14'])
    expect(briefly([range('a', 0, 5), range('a', 10, 5)])).toEqual(['a 0+5', 'a 10+5'])
  })

  it('makes no request longer than the limit, unless one range is', () => {
    expect(briefly([range('a', 0, 10), range('a', 10, 10), range('a', 20, 1)])).toEqual([
      'a 0+20',
      'a 20+1',
    ])
    expect(briefly([range('a', 0, 99)])).toEqual(['a 0+99'])
  })

  it('keeps objects apart, and the order in which they were asked for first', () => {
    const ranges = [range('b', 40, 2), range('a', 0, 2), range('b', 44, 2), range('a', 2, 2)]
    expect(briefly(ranges)).toEqual(['b 40+6', 'a 0+4'])
  })

  it('says which ranges a request is needed for', () => {
    const [first, second] = mergeRanges(
      [range('a', 8, 2), range('b', 0, 2), range('a', 0, 6), range('b', 2, 2)],
      limits,
    )
    expect([first?.first, first?.last, first?.wanted]).toEqual([
      0,
      2,
      [
        { start: 0, end: 6 },
        { start: 8, end: 10 },
      ],
    ])
    expect([second?.first, second?.last]).toEqual([1, 3])
  })

  it('reads 200 MiB in a row in 25 requests of 8 MiB', () => {
    const MiB = 1024 * 1024
    const ranges = Array.from({ length: 200 }, (_, index) => range('a', index * MiB, MiB))
    const merged = mergeRanges(ranges, requestLimits)
    expect(merged.map(({ lengthBytes }) => lengthBytes)).toEqual(Array(25).fill(8 * MiB))
  })

  it('covers every range as a whole with one request, and wants no byte that nobody asked for', () => {
    const ranges = fc.array(
      fc.record({
        name: fc.constantFrom('a', 'b'),
        offsetBytes: fc.nat(100),
        lengthBytes: fc.integer({ min: 1, max: 30 }),
      }),
    )
    fc.assert(
      fc.property(ranges, (asked) => {
        const merged = mergeRanges(asked, limits)
        for (const { name, offsetBytes, lengthBytes } of asked) {
          const end = offsetBytes + lengthBytes
          const covers = merged.some(
            (request) =>
              request.name === name &&
              request.wanted.some((span) => span.start <= offsetBytes && end <= span.end),
          )
          expect(covers).toBe(true)
        }
        for (const { name, wanted } of merged) {
          for (const { start, end } of wanted) {
            for (let at = start; at < end; at++) {
              expect(
                asked.some(
                  (one) =>
                    one.name === name &&
                    one.offsetBytes <= at &&
                    at < one.offsetBytes + one.lengthBytes,
                ),
              ).toBe(true)
            }
          }
        }
        const firsts = merged.map(({ first }) => first)
        expect(firsts).toEqual(firsts.toSorted((one, other) => one - other))
      }),
    )
  })
})
