import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { compareNames, idOfName } from '../../../src/repository/compare-names.ts'

function namesOf(numbers: ReadonlySet<number>): string[] {
  return [...numbers].map((number) => `packs/${number.toString(16).padStart(64, '0')}`).sort()
}

describe('compareNames()', () => {
  it('gives what is in one and not in the other', () => {
    const numbers = fc.array(fc.integer({ min: 0, max: 30 })).map((list) => new Set(list))
    fc.assert(
      fc.property(numbers, numbers, (known, listed) => {
        const { added, gone } = compareNames(namesOf(known).join(''), namesOf(listed))
        expect(added).toEqual(namesOf(new Set([...listed].filter((one) => !known.has(one)))))
        expect(gone).toEqual(namesOf(new Set([...known].filter((one) => !listed.has(one)))))
      }),
    )
  })

  it('finds no difference between equal ones, and between nothing and nothing', () => {
    const names = namesOf(new Set([1, 2, 3]))
    expect(compareNames(names.join(''), names)).toEqual({ added: [], gone: [] })
    expect(compareNames('', [])).toEqual({ added: [], gone: [] })
  })
})

describe('idOfName()', () => {
  it('gives the digits behind the folder', () => {
    expect(idOfName(`snapshots/${'ab'.repeat(32)}`)).toBe('ab'.repeat(32))
  })
})
