/**
 * Splits a command line into words like a shell does, without anything else a shell does.
 *
 * Words are separated by blanks; single quotes keep everything, double quotes keep everything but `\"` and `\\`, a
 * backslash elsewhere keeps the next character. Variables, pipes and `~` have no meaning.
 * @returns The words, or undefined when a quote is not closed or the text ends in a backslash.
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (quote !== '' && character === quote) {
      quote = ''
    } else if (quote === '' && (character === '"' || character === "'")) {
      quote = character
      word ??= ''
    } else if (character === '\\' && escapes(quote, text[index + 1])) {
      index++
      if (index === text.length) return undefined
      word = (word ?? '') + text[index]
    } else if (quote === '' && /\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word = (word ?? '') + character
    }
  }
  if (quote !== '') return undefined
  if (word !== undefined) words.push(word)
  return words
}

function escapes(quote: string, next: string | undefined): boolean {
  return quote === '' || (quote === '"' && (next === '"' || next === '\\'))
}
