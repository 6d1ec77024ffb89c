import type { SeededRandom } from './seeded-random.ts'
import { someWords } from './words.ts'

/** Lines that look and compress like those of a program. */
export function sourceLines(random: SeededRandom, lineCount: number): string[] {
  return Array.from({ length: lineCount }, () => random.pick(shapes)(random))
}

const word = (random: SeededRandom): string => someWords(random, 1)
const number = (random: SeededRandom): number => random.below(1000)

const shapes: readonly ((random: SeededRandom) => string)[] = [
  (random) => `  const ${word(random)} = ${word(random)}.${word(random)}(${word(random)})`,
  (random) => `  if (${word(random)} === ${number(random)}) return ${word(random)}`,
  (random) => `  // ${someWords(random, 4 + random.below(6))}`,
  (random) => `  ${word(random)}.push({ ${word(random)}, ${word(random)}: ${number(random)} })`,
  (random) => `export function ${word(random)}(${word(random)}: string): number {`,
  () => '}',
  () => '',
  (random) => `    throw new RangeError('${someWords(random, 3)}: ' + ${word(random)})`,
  (random) => `  for (const ${word(random)} of ${word(random)}.values()) ${word(random)} += 1`,
  (random) => `import { ${word(random)} } from './${word(random)}-${word(random)}.ts'`,
]
