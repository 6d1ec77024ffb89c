/** Combining marks, zero-width joiners and variation selectors take no column of their own. */
const zeroWidth = /[\p{Mn}\p{Me}\p{Cf}]/u

/** East Asian wide and full-width blocks and pictographs, two columns each. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u

/** Columns that a text takes on a terminal; an estimate outside Latin, Cyrillic, Greek and East Asian scripts. */
export function textWidth(text: string): number {
  if (isAscii(text)) return text.length
  let columns = 0
  for (const character of text) columns += characterWidth(character)
  return columns
}

/** Cuts a text to a number of columns, with `…` in place of what is cut. */
export function truncate(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  let kept = ''
  let used = 0
  for (const character of text) {
    const width = characterWidth(character)
    if (used + width > columns - 1) break
    kept += character
    used += width
  }
  return columns > 0 ? `${kept}…` : ''
}

function characterWidth(character: string): number {
  if (zeroWidth.test(character)) return 0
  return wide.test(character) ? 2 : 1
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7e) return false
  return true
}
