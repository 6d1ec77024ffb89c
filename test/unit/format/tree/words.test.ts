import { describe, expect, it } from 'vitest'
import { highWord, joinSignedWords, joinWords, lowWord } from '../../../../src/format/tree/words.ts'

describe('words', () => {
  const numbers = [0, 1, -1, 2 ** 31, -(2 ** 31), 2 ** 32, -(2 ** 32), 2 ** 40 + 3, -(2 ** 40) - 3]
  const limits = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]

  it.each([...numbers, ...limits])('split %d like an i64', (value) => {
    const pattern = BigInt.asUintN(64, BigInt(value))
    expect(BigInt(lowWord(value))).toBe(pattern & 0xffffffffn)
    expect(BigInt(highWord(value))).toBe(pattern >> 32n)
    expect(joinSignedWords(lowWord(value), highWord(value))).toBe(value)
    if (value >= 0) expect(joinWords(lowWord(value), highWord(value))).toBe(value)
  })
})
