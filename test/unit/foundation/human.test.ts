import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  counted,
  humanBytes,
  humanCount,
  humanDuration,
  humanTime,
  jsonTime,
} from '../../../src/foundation/human.ts'

describe('humanBytes()', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KiB'],
    [1023, '1.0 KiB'],
    [1024 ** 2, '1.0 MiB'],
    [1.4 * 1024 ** 3, '1.4 GiB'],
    [99.94 * 1024, '99.9 KiB'],
    [99.96 * 1024, '100 KiB'],
    [999 * 1024, '999 KiB'],
    [1000 * 1024, '1.0 MiB'],
    [2 ** 53, '8.0 PiB'],
  ])('writes %d as %s', (bytes, text) => {
    expect(humanBytes(bytes)).toBe(text)
  })

  it('is never longer than nine characters and never far off', () => {
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (bytes) => {
        const [value, unit] = humanBytes(bytes).split(' ')
        const power = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'].indexOf(unit)
        expect(humanBytes(bytes).length).toBeLessThanOrEqual(9)
        expect(Math.abs(Number(value) * 1024 ** power - bytes)).toBeLessThanOrEqual(bytes * 0.06)
      }),
    )
  })
})

describe('humanDuration()', () => {
  it.each([
    [-5, '0.0 s'],
    [320, '0.3 s'],
    [9949, '9.9 s'],
    [9960, '10 s'],
    [59_499, '59 s'],
    [59_600, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [3_599_600, '1 h 00 min'],
    [11_220_000, '3 h 07 min'],
    [93_600_000, '1 d 02 h'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(humanDuration(ms)).toBe(text)
  })
})

describe('counts and times', () => {
  it('separates thousands whatever the locale', () => {
    expect([0, 999, 1000, 1234567].map(humanCount)).toEqual(['0', '999', '1,000', '1,234,567'])
    expect(counted(1, 'file')).toBe('1 file')
    expect(counted(2000, 'entry', 'entries')).toBe('2,000 entries')
  })

  it('survives times that no calendar has', () => {
    expect(humanTime(Number.MAX_VALUE)).toBe('unknown')
    expect(jsonTime(Number.NaN)).toBeNull()
    expect(jsonTime(0)).toBe('1970-01-01T00:00:00.000Z')
    expect(humanTime(0)).toMatch(/^19(69|70)-\d\d-\d\d \d\d:\d\d:\d\d$/)
  })
})
