import { describe, expect, it } from 'vitest'

import { acceptsEncoding } from '../../../src/server/accepts-encoding.ts'

describe('acceptsEncoding()', () => {
  it.each([
    ['gzip', true],
    ['GZip', true],
    ['gzip, deflate, br', true],
    ['deflate,gzip', true],
    ['br;q=1, gzip;q=0.5', true],
    ['gzip ; q=0.001', true],
    ['', false],
    ['identity', false],
    ['br', false],
    ['x-gzip', false],
    ['gzipped', false],
    ['gzip;q=0', false],
    ['gzip; q=0.000, br', false],
  ])('of "%s": gzip %s', (accepted, expected) => {
    expect(acceptsEncoding(new Headers({ 'accept-encoding': accepted }), 'gzip')).toBe(expected)
  })

  it('takes nothing for granted without the field', () => {
    expect(acceptsEncoding(new Headers(), 'gzip')).toBe(false)
  })
})
