import type { SeededRandom } from './seeded-random.ts'

const syllables =
  'ba co da el fi go hu in ja ke lo mi no or pa qui ra se ti um va we xi yo za'.split(' ')

/**
 * A vocabulary of a few thousand made-up words; drawn with a bias, as in a language, it compresses
 * like text.
 */
export const vocabulary: readonly string[] = Array.from({ length: 4096 }, (_, index) => {
  const first = syllables[index % syllables.length]
  const second = syllables[Math.floor(index / syllables.length) % syllables.length]
  const third = index % 3 === 0 ? '' : syllables[(index * 7 + 3) % syllables.length]
  return first + second + third
})

/** Some words, the early ones of the vocabulary much more often than the late ones. */
export function someWords(random: SeededRandom, wordCount: number): string {
  const words: string[] = []
  while (words.length < wordCount)
    words.push(vocabulary[Math.floor(vocabulary.length * random.fraction() ** 3)])
  return words.join(' ')
}
