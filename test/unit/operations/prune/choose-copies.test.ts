import { describe, expect, it } from 'vitest'
import { chooseCopies, type CopyRules } from '../../../../src/operations/prune/choose-copies.ts'

const copies = [1, 2, 3].map((packRow) => ({ packRow, segment: 0, offset: 0 }))

/** The pack in which the blob is kept. */
async function chosenPack(rules: Partial<CopyRules>): Promise<number | undefined> {
  const chosen = await chooseCopies(new Map([['blob', copies]]), {
    liveCountOf: () => 0,
    isCondemned: () => false,
    isWhole: () => Promise.resolve(true),
    ...rules,
  })
  return chosen.get('blob')?.packRow
}

describe('chooseCopies() keeps a blob', () => {
  it('in the pack that has to stay for most other blobs, else in the oldest', async () => {
    expect(await chosenPack({ liveCountOf: (row) => (row === 2 ? 5 : 1) })).toBe(2)
    expect(await chosenPack({})).toBe(1)
  })

  it('outside of condemned packs, if it can be', async () => {
    const rules = { liveCountOf: (row: number) => -row }
    expect(await chosenPack({ ...rules, isCondemned: (row) => row < 3 })).toBe(3)
    expect(await chosenPack({ ...rules, isCondemned: () => true })).toBe(1)
  })

  it('in a pack that is whole, be it a condemned one', async () => {
    expect(
      await chosenPack({
        isCondemned: (row) => row === 3,
        isWhole: (row) => Promise.resolve(row === 3),
      }),
    ).toBe(3)
    expect(await chosenPack({ isWhole: () => Promise.resolve(false) })).toBe(1)
  })
})
