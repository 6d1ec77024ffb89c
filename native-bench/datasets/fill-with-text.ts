import type { SeededRandom } from './seeded-random.ts'
import { vocabulary } from './words.ts'

const words: readonly Buffer[] = vocabulary.map((word) => Buffer.from(`${word} `))

/** Which word 16 random bits give, with the bias of `someWords`. */
const wordOf: Uint16Array = Uint16Array.from({ length: 0x1_0000 }, (_, bits) =>
  Math.floor(vocabulary.length * (bits / 0x1_0000) ** 3),
)

/** Fills bytes with made-up words and single spaces, several times as fast as strings would be. */
export function fillWithText(target: Buffer, random: SeededRandom): void {
  let bits = 0
  for (let filled = 0, turn = 0; filled < target.length; turn += 1) {
    bits = turn % 2 === 0 ? random.uint32() : bits >>> 16
    const word = words[wordOf[bits & 0xffff]]
    const length = Math.min(word.length, target.length - filled)
    // Words are too short for a call of `copy` to pay.
    for (let index = 0; index < length; index += 1) target[filled + index] = word[index]
    filled += length
  }
}
