import { describe, expect, it } from 'vitest'
import { chooseCopy, type CopyRules } from '../../../../src/operations/prune/choose-copy.ts'

const copies = [1, 2, 3].map((packRow) => ({ packRow, segment: 0, offset: 0 }))

/** The pack in which the blob is kept. */
function chosenPack(rules: Partial<CopyRules>): number {
  return chooseCopy(copies, {
    liveCountOf: () => 0,
    isCondemned: () => false,
    isDamaged: () => false,
    ...rules,
  }).packRow
}

describe('chooseCopy() keeps a blob', () => {
  it('in the pack that has to stay for most other blobs, else in the oldest', () => {
    expect(chosenPack({ liveCountOf: (row) => (row === 2 ? 5 : 1) })).toBe(2)
    expect(chosenPack({})).toBe(1)
  })

  it('outside of condemned packs, if it can be', () => {
    const rules = { liveCountOf: (row: number) => -row }
    expect(chosenPack({ ...rules, isCondemned: (row) => row < 3 })).toBe(3)
    expect(chosenPack({ ...rules, isCondemned: () => true })).toBe(1)
  })

  it('where it is not damaged, be it in a condemned pack', () => {
    const rules = { isCondemned: (row: number) => row === 3 }
    expect(chosenPack({ ...rules, isDamaged: ({ packRow }) => packRow !== 3 })).toBe(3)
    expect(chosenPack({ isDamaged: () => true })).toBe(1)
  })
})
