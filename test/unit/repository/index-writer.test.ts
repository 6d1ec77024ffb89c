import { describe, expect, it } from 'vitest'
import type { IndexEntry } from '../../../src/format/index-object/index-object.ts'
import { toObjectId } from '../../../src/model/ids.ts'
import { groupEntries } from '../../../src/repository/index-writer.ts'

function entry(number: number, trailerBytes: number): IndexEntry {
  return {
    packId: toObjectId(number.toString(16).padStart(64, '0')),
    salt: Buffer.alloc(32),
    packBytes: 1,
    trailer: Buffer.alloc(trailerBytes),
  }
}

describe('groupEntries()', () => {
  it('keeps every entry once and in order', () => {
    const entries = Array.from({ length: 100 }, (_, index) => entry(index, index * 10))
    expect(groupEntries(entries, 2000).flat()).toEqual(entries)
  })

  it('makes no group longer than asked for, or of more than 32 packs', () => {
    const entries = Array.from({ length: 100 }, (_, index) => entry(index, 10 + (index % 7)))
    const groups = groupEntries(entries, 400)
    for (const group of groups) {
      const bytes = group.reduce((sum, { trailer }) => sum + trailer.length, 0)
      expect(bytes).toBeLessThanOrEqual(400)
    }
    expect(groupEntries(entries).map(({ length }) => length)).toEqual([32, 32, 32, 4])
  })

  it('gives a pack with a trailer longer than that a group of its own', () => {
    const groups = groupEntries([entry(1, 10), entry(2, 900), entry(3, 10)], 100)
    expect(groups.map((group) => group.length)).toEqual([1, 1, 1])
    expect(groupEntries([])).toEqual([])
  })
})
