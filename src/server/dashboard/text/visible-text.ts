/*
 * What would not be seen, or would turn the rest of the line around: controls (C0, DEL, C1), controls of the writing direction
 * ("Trojan Source", CVE-2021-42574), zero-width characters, separators of lines, unpaired surrogates.
 */
const unseen =
  // oxlint-disable-next-line no-control-regex -- these are what has to be found
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]/gu

/** Text out of a repository (names, descriptions, hosts), with everything that is not seen written as `\u202e`. */
export function visibleText(text: string): string {
  return text.replace(unseen, (character) => {
    const code = character.codePointAt(0) ?? 0
    if (code === 0x0a) return '\\n'
    if (code === 0x09) return '\\t'
    if (code === 0x0d) return '\\r'
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`
  })
}
