import { expect, it } from 'vitest'
import { toObjectId } from '../../../src/model/ids.ts'
import { CondemnedPacks } from '../../../src/repository/condemned-packs.ts'

const id = (digit: string): ReturnType<typeof toObjectId> => toObjectId(digit.repeat(64))

it('a snapshot is settled when every standing condemnation has marked it', () => {
  const standing = [
    { version: 1, id: id('1'), atMs: 0, packs: [id('a')], marked: [id('7'), id('8')] },
    { version: 1, id: id('2'), atMs: 0, packs: [id('b')], marked: [id('8')] },
  ] as const
  const condemned = new CondemnedPacks(standing)
  expect([...condemned.packIds]).toEqual([id('a'), id('b')])
  expect(['7', '8', '9'].map((digit) => condemned.isSettled(id(digit)))).toEqual([
    false,
    true,
    false,
  ])
  expect(new CondemnedPacks([]).isSettled(id('9'))).toBe(true)
})
