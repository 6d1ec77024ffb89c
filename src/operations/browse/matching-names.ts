import { isAscii } from 'node:buffer'

import type { FindPattern } from './find-pattern.ts'

/** The only characters whose small letters hold an ASCII letter, as UTF-8: the Kelvin sign, and the capital I with a dot. */
const foldedToAscii = [Buffer.from('\u212a'), Buffer.from('\u0130')] as const
const nul = '\0'

/**
 * The names of a list that match, as latin1 text. A list is looked through as a whole: only names that hold the pattern's literal are looked
 * at by themselves.
 *
 * @param names each between two NUL bytes
 */
export function matchingNames(pattern: FindPattern, names: Buffer): string[] {
  const { literal, smallLiteral } = pattern
  if (literal !== null) {
    return names.includes(literal)
      ? namesAtHits(pattern, names.toString('latin1'), literal.toString('latin1'))
      : []
  }
  const text = names.toString('latin1')
  if (smallLiteral === null || hidesAscii(names)) return namesAtHits(pattern, text, null)
  // Small letters of latin1 text are as many as there were, so that what is found there is found here, too.
  return namesAtHits(pattern, text, smallLiteral, text.toLowerCase())
}

function hidesAscii(names: Buffer): boolean {
  return !isAscii(names) && foldedToAscii.some((character) => names.includes(character))
}

/** @param within the list as the literal is looked for in it */
function namesAtHits(
  pattern: FindPattern,
  text: string,
  literal: string | null,
  within: string = text,
): string[] {
  const matching: string[] = []
  // `start` stays on the NUL before a name, because a literal may begin with it.
  for (let start = 0; start < text.length - 1;) {
    if (literal !== null) {
      const hit = within.indexOf(literal, start)
      if (hit < 0) break
      start = text.lastIndexOf(nul, hit)
    }
    const end = text.indexOf(nul, start + 1)
    const name = text.slice(start + 1, end)
    if (pattern.matchesName(name)) matching.push(name)
    start = end
  }
  return matching
}
