const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const colon = 0x3a

/**
 * What a valid JSON text has that two readers could take in two ways: a name twice in one object, or half of a surrogate pair, which has
 * no bytes in UTF-8. `JSON.parse` passes both.
 *
 * @param text that `JSON.parse` has taken
 * @returns undefined when there is nothing
 */
export function jsonFault(text: string): string | undefined {
  const objects: (Set<string> | null)[] = []
  for (let position = 0; position < text.length; position++) {
    const code = text.charCodeAt(position)
    if (code === openBrace) objects.push(new Set())
    else if (code === openBracket) objects.push(null)
    else if (code === closeBrace || code === closeBracket) objects.pop()
    else if (code === quote) {
      const end = endOfString(text, position + 1)
      const value = valueOf(text, position, end)
      // Unescaped text came out of UTF-8 and is whole.
      if (/\p{Surrogate}/u.test(value)) return 'a text holds half of a surrogate pair'
      if (isName(text, end + 1)) {
        const names = objects.at(-1)
        if (names?.has(value) === true) return `the name "${value.slice(0, 64)}" stands twice`
        names?.add(value)
      }
      position = end
    }
  }
  return undefined
}

/** @returns where the closing quote is */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start)
  while (isEscaped(text, end, start)) end = text.indexOf('"', end + 1)
  return end
}

function isEscaped(text: string, position: number, start: number): boolean {
  let first = position
  while (first > start && text.charCodeAt(first - 1) === backslash) first--
  return (position - first) % 2 === 1
}

function valueOf(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end)
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
}

/** In valid JSON a colon follows nothing but names. */
function isName(text: string, after: number): boolean {
  let position = after
  while (position < text.length && text.charCodeAt(position) <= 0x20) position++
  return text.charCodeAt(position) === colon
}
