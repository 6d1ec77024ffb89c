import type { SeededRandom } from './seeded-random.ts'

const rememberedMax = 64

/** Keeps a copy of some contents for later duplicates, in the place of older ones once there are many. */
export function remember(remembered: Buffer[], contents: Buffer, random: SeededRandom): void {
  const place = remembered.length < rememberedMax ? remembered.length : random.below(rememberedMax)
  remembered[place] = Buffer.from(contents)
}
