/* oxlint-disable no-control-regex -- finding control characters is what this file is for */

/**
 * Control characters that can move the cursor, hide text or reverse the order of what is read: C0 without the line feed,
 * DEL, C1, line separators and the controls of the writing direction.
 */
const unsafe =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/**
 * The last net before a terminal: makes control characters visible (`\x1b`, `\u202e`) and leaves everything else.
 *
 * Names are escaped where they are put into a text; this catches what came with an error of another library.
 */
export function safeText(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.charCodeAt(0)
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`
  })
}

/**
 * The same for a text in JSON, whose strings hold no other control characters any more: each becomes `\\u` and four digits, which reads
 * back as the same character. Line feeds and blanks between the parts of an indented text stay.
 */
export function escapeControls(json: string): string {
  return json.replace(unsafe, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
