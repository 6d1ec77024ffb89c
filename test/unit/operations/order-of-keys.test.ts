import fc from 'fast-check'
import { expect, it } from 'vitest'

import { orderOfKeys } from '../../../src/operations/browse/order-of-keys.ts'

const keys = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.double({ min: -2e9, max: 5e9, noNaN: true }),
  fc.maxSafeInteger(),
)

it.each([false, true])(
  'orders as a sort that compares does, and leaves equals in place (descending: %s)',
  (isDescending) => {
    const sign = isDescending ? -1 : 1
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 400 }), (values) => {
        const list = Float64Array.from(values, (value) => value + 0)
        const expected = Uint32Array.from(list, (_, place) => place).sort(
          (left, right) => compare(list[left], list[right]) * sign || left - right,
        )
        expect([...orderOfKeys(list, isDescending)]).toEqual([...expected])
      }),
    )
  },
)

function compare(left: number, right: number): number {
  return Number(left > right) - Number(left < right)
}

it('orders nothing, and a million in less than a comparing sort takes', () => {
  expect(orderOfKeys(new Float64Array(0), false)).toEqual(new Uint32Array(0))
  const list = Float64Array.from({ length: 1_000_000 }, (_, place) => (place * 7919) % 1_000_003)
  const before = process.cpuUsage()
  const places = orderOfKeys(list, true)
  const { user } = process.cpuUsage(before)
  expect(list[places[0]]).toBe(list.reduce((most, key) => Math.max(most, key), 0))
  expect(user / 1000).toBeLessThan(600)
})
