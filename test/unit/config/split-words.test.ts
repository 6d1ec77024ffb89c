import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { splitWords } from '../../../src/config/split-words.ts'

describe('splitWords()', () => {
  it.each([
    ['pass show backup', ['pass', 'show', 'backup']],
    ['  a\t b  ', ['a', 'b']],
    [`cat "/my files/pass" 'x y'`, ['cat', '/my files/pass', 'x y']],
    ['a\\ b "c\\"d" "e\\f"', ['a b', 'c"d', 'e\\f']],
    [`a""b ''`, ['ab', '']],
    ['', []],
    ['$HOME | x', ['$HOME', '|', 'x']],
  ])('splits %j', (text, words) => {
    expect(splitWords(text)).toEqual(words)
  })

  it.each([`"open`, `'open`, 'end\\'])('refuses %j', (text) => {
    expect(splitWords(text)).toBeUndefined()
  })

  it('gives back any words that were quoted', () => {
    const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        expect(splitWords(words.map(quote).join(' '))).toEqual(words)
      }),
    )
  })
})
