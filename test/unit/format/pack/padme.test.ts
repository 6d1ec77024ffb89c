import { describe, expect, it } from 'vitest'
import { padmeLength } from '../../../../src/format/pack/padme.ts'

describe('padmeLength()', () => {
  it.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [9, 10],
    [16, 16],
    [17, 18],
    [1_000, 1_024],
    [1_024, 1_024],
    [1_025, 1_088],
    [16_777_217, 17_301_504],
    [2 ** 32 + 1, 2 ** 32 + 2 ** 26],
  ])('rounds %i to %i', (bytes, expected) => {
    expect(padmeLength(bytes)).toBe(expected)
  })

  it('adds at most 12 per cent, never shortens and does not change its own results', () => {
    for (let bytes = 1; bytes < 2 ** 33; bytes = Math.ceil(bytes * 1.01)) {
      const padded = padmeLength(bytes)
      expect(padded).toBeGreaterThanOrEqual(bytes)
      expect(padded - bytes).toBeLessThanOrEqual(bytes * 0.12)
      expect(padmeLength(padded)).toBe(padded)
    }
  })
})
