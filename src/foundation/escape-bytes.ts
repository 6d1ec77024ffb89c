const backslash = 0x5c

const shortEscapes = new Map<number, string>([
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0b, '\\v'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
  [backslash, '\\\\'],
])

/**
 * Bytes (a file name, usually) as text that is safe to print on a terminal or in one line of a log.
 *
 * Valid UTF-8 is shown as it is. Control characters (C0, DEL, C1), line and paragraph separators, the controls that
 * change the writing direction ("Trojan Source", CVE-2021-42574), backslashes and bytes that are not UTF-8 are
 * written like in C: `\n`, `\\`, `\x1b`, always with two hexadecimal digits and byte by byte. Different bytes give
 * different text.
 */
export function escapeBytes(bytes: Uint8Array): string {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (isPlainAscii(source)) return source.toString('latin1')
  let text = ''
  let shown = 0
  let position = 0
  while (position < source.length) {
    const length = sequenceLength(source, position)
    const end = position + (length === 0 ? 1 : length)
    if (length === 0 || mustEscape(source, position, length)) {
      text += source.toString('utf8', shown, position) + escapeRange(source, position, end)
      shown = end
    }
    position = end
  }
  return text + source.toString('utf8', shown)
}

/** The same for text, such as a host name out of a manifest; unpaired surrogates become U+FFFD. */
export function escapeText(text: string): string {
  return escapeBytes(Buffer.from(text, 'utf8'))
}

function isPlainAscii(source: Buffer): boolean {
  for (let position = 0; position < source.length; position++) {
    const byte = source[position]
    if (byte < 0x20 || byte > 0x7e || byte === backslash) return false
  }
  return true
}

function escapeRange(source: Buffer, start: number, end: number): string {
  if (end - start === 1) {
    const short = shortEscapes.get(source[start])
    if (short !== undefined) return short
  }
  let text = ''
  for (let position = start; position < end; position++) {
    text += '\\x' + source[position].toString(16).padStart(2, '0')
  }
  return text
}

/** Bytes of the well-formed UTF-8 sequence at `position` (Unicode 16, table 3-7), or 0 when there is none. */
function sequenceLength(source: Buffer, position: number): number {
  const first = source[position]
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (position + length > source.length) return 0
  const second = source[position + 1]
  // These four first bytes narrow the second: no overlong forms, no surrogates, nothing above U+10FFFF.
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < lowest || second > highest) return 0
  for (let offset = 2; offset < length; offset++) {
    if ((source[position + offset] & 0xc0) !== 0x80) return 0
  }
  return length
}

function mustEscape(source: Buffer, position: number, length: number): boolean {
  const first = source[position]
  if (length === 1) return first < 0x20 || first === 0x7f || first === backslash
  if (length === 4) return false
  const second = source[position + 1] & 0x3f
  if (length === 2) return isUnsafeCodePoint(((first & 0x1f) << 6) | second)
  return isUnsafeCodePoint(((first & 0x0f) << 12) | (second << 6) | (source[position + 2] & 0x3f))
}

/** C1 controls; U+061C, U+200E-F, U+202A-E and U+2066-9 for the direction; U+2028-9 break lines. */
function isUnsafeCodePoint(codePoint: number): boolean {
  if (codePoint < 0xa0) return true
  if (codePoint === 0x061c || codePoint === 0x200e || codePoint === 0x200f) return true
  if (codePoint >= 0x2028 && codePoint <= 0x202e) return true
  return codePoint >= 0x2066 && codePoint <= 0x2069
}
