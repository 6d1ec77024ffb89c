import fc from 'fast-check'
import { expect, it } from 'vitest'

import { SmallestItems } from '../../../src/operations/browse/smallest-items.ts'

it('keeps what sorting everything would put first', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(1000), { maxLength: 800 }),
      fc.integer({ min: 1, max: 120 }),
      (all, max) => {
        const smallest = new SmallestItems<number>(max, (one, other) => one - other)
        for (const item of all) smallest.add(item)
        const sorted = all.toSorted((one, other) => one - other)
        expect(smallest.sorted()).toEqual(sorted.slice(0, max))
      },
    ),
  )
})
