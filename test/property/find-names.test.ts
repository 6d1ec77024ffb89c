import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { nameGlob } from '../../src/filesystem/scan/path-glob.ts'
import { readFindPattern } from '../../src/operations/browse/find-pattern.ts'
import { matchingNames } from '../../src/operations/browse/matching-names.ts'
import { sortPart } from '../../src/operations/browse/sort-part.ts'

/** Few letters, so that patterns meet names; the Kelvin sign and the dotted capital I have small letters that are ASCII. */
const letter = fc.constantFrom('a', 'A', 'k', 'K', 'i', '.', '-', 'ä', 'Ä', '\u212a', '\u0130', 'Σ')
const text = (minLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: letter, minLength, maxLength: 5 })
const name = text(1).filter((one) => one !== '.' && one !== '..')
const glob = fc
  .array(fc.oneof(text(1), fc.constantFrom('*', '?', '[ak]')), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join(''))

/** A list of names as the catalogue has it. */
const listOf = (names: readonly string[]): Buffer => Buffer.from(`\0${names.join('\0')}\0`)

function found(pattern: string, names: readonly string[], ignoreCase: boolean): string[] {
  const ready = readFindPattern(Buffer.from(pattern), ignoreCase)
  return matchingNames(ready, listOf(names)).map((one) => Buffer.from(one, 'latin1').toString())
}

/** What a pattern means, name by name. */
function means(pattern: string, ignoreCase: boolean): (one: string) => boolean {
  if (/[*?[]/.test(pattern)) return (one) => nameGlob(pattern, ignoreCase).test(one)
  if (!ignoreCase) return (one) => one.includes(pattern)
  return (one) => one.toLowerCase().includes(pattern.toLowerCase())
}

describe('matchingNames()', () => {
  it('finds in a list what a look at each name finds', () => {
    fc.assert(
      fc.property(
        fc.oneof(text(1), glob),
        fc.uniqueArray(name, { minLength: 1, maxLength: 12 }),
        fc.boolean(),
        (pattern, names, ignoreCase) => {
          const expected = names.filter(means(pattern, ignoreCase))
          expect(found(pattern, names, ignoreCase)).toEqual(expected)
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('knows every character whose small letters hold an ASCII letter', () => {
    const hiding: string[] = []
    for (let code = 0x80; code <= 0x10_ff_ff; code++) {
      if (code >= 0xd8_00 && code < 0xe0_00) continue
      const character = String.fromCodePoint(code)
      if (/[\0-\x7f]/.test(character.toLowerCase())) hiding.push(character)
    }
    expect(hiding).toEqual(['\u0130', '\u212a'])
  })
})

describe('sortPart()', () => {
  it('gives the part that sorting everything gives', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(300), { maxLength: 600 }),
        fc.nat(600),
        fc.nat(600),
        (all, a, b) => {
          const [start, end] = [Math.min(a, b), Math.max(a, b)]
          const items = [...all]
          sortPart(items, [start, end], (one, other) => one - other)
          const sorted = all.toSorted((one, other) => one - other)
          expect(items.slice(start, end)).toEqual(sorted.slice(start, end))
        },
      ),
    )
  })
})
