import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { keyOrder } from '../../../src/catalogue/key-order.ts'
import { idOf } from './catalogue-fixtures.ts'

describe('keyOrder()', () => {
  it('names every position once', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 })), (ids) => {
        const order = keyOrder(Buffer.concat(ids))
        expect([...order].sort((one, other) => one - other)).toEqual(ids.map((_, index) => index))
      }),
    )
  })

  it('is ascending in the first 29 bits', () => {
    const ids = Buffer.concat(Array.from({ length: 2_000 }, (_, index) => idOf(`${index}`)))
    const keys = [...keyOrder(ids)].map((position) => ids.readUInt32BE(position * 32) >>> 3)
    expect(keys).toEqual([...keys].sort((one, other) => one - other))
  })

  it('refuses what is not a whole number of ids', () => {
    expect(() => keyOrder(Buffer.alloc(33))).toThrow(RangeError)
  })
})
