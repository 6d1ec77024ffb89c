import { describe, expect, it } from 'vitest'
import {
  compareByteRanges,
  compareNames,
  hashName,
  isEntryName,
} from '../../../../src/format/tree/names.ts'

describe('isEntryName()', () => {
  it('looks at its range only', () => {
    const bytes = Buffer.from('/a.b/..')
    expect(isEntryName(bytes, 1, 4)).toBe(true)
    expect(isEntryName(bytes, 0, 4)).toBe(false)
    expect(isEntryName(bytes, 1, 5)).toBe(false)
    expect(isEntryName(bytes, 5, 7)).toBe(false)
    expect(isEntryName(bytes, 6, 7)).toBe(false)
    expect(isEntryName(bytes, 3, 3)).toBe(false)
  })
})

describe('compareNames()', () => {
  it('orders like Buffer.compare', () => {
    const names = ['', 'a', 'a\0', 'aa', 'ab', 'b', '\x7f', '\x80', 'ÿ'].map((name) =>
      Buffer.from(name, 'latin1'),
    )
    for (const left of names) {
      for (const right of names) {
        expect(Math.sign(compareNames(left, right))).toBe(Buffer.compare(left, right))
      }
    }
  })

  it('compares ranges of two buffers', () => {
    const left = Buffer.from('xxabcxx')
    const right = Buffer.from('abd')
    expect(compareByteRanges(left, 2, 4, right, 0, 2)).toBe(0)
    expect(compareByteRanges(left, 2, 5, right, 0, 3)).toBeLessThan(0)
    expect(compareByteRanges(left, 2, 5, right, 0, 2)).toBeGreaterThan(0)
  })
})

describe('hashName()', () => {
  it.each([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
    ['\xff\x80', 0xee1eea4a],
  ])('is FNV-1a for %j', (name, expected) => {
    const bytes = Buffer.from(`<${name}>`, 'latin1')
    expect(hashName(bytes, 1, bytes.length - 1)).toBe(expected)
  })
})
