/** What kind of guard a mutant takes away. */
export const mutantClasses = [
  'fsync',
  'order',
  'lease',
  'lock',
  'tag',
  'hash',
  'type',
  'bounds',
  'no-follow',
  'exclusive',
  'verify-before-publish',
  'clock',
  'change',
  'damage',
  'retention',
] as const
export type MutantClass = (typeof mutantClasses)[number]

/** Tests that have to go red. */
export interface KillingTest {
  /** Path from the root of the checkout. */
  readonly file: string
  /** Part of the test's name; a plain text, which stands in the file. All tests of the file when missing. */
  readonly only?: string
}

/** One guard taken out of the code. */
export interface Mutant {
  /** Says what is missing; unique. */
  readonly name: string
  readonly class: MutantClass
  /** Path from the root of the checkout. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly text: string
  readonly replacement: string
  readonly tests: readonly KillingTest[]
}

/** @returns why the mutant cannot be made of this source, if so */
export function mutantFault(mutant: Mutant, source: string): string | undefined {
  const occurrences = source.split(mutant.text).length - 1
  if (occurrences !== 1) {
    return `"${mutant.name}": its text occurs ${occurrences} times in ${mutant.file}, not once`
  }
  if (mutant.text === mutant.replacement) return `"${mutant.name}": it changes nothing`
  return undefined
}

export function mutate(mutant: Mutant, source: string): string {
  // Not `replace` with a text: that gives "$&" a meaning.
  return source.split(mutant.text).join(mutant.replacement)
}
