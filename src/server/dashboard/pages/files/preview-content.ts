/* What the first bytes of a file say. SVG is no image here: it can hold script, and is shown as the text that it is. */

const signatures: readonly (readonly [type: string, offset: number, bytes: readonly number[]])[] = [
  ['image/png', 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['image/jpeg', 0, [0xff, 0xd8, 0xff]],
  ['image/gif', 0, [0x47, 0x49, 0x46, 0x38]],
  ['image/webp', 8, [0x57, 0x45, 0x42, 0x50]],
  ['image/avif', 4, [0x66, 0x74, 0x79, 0x70, 0x61, 0x76, 0x69, 0x66]],
  ['image/bmp', 0, [0x42, 0x4d]],
]

export function imageTypeOf(bytes: Uint8Array): string | undefined {
  return signatures.find(([, offset, signature]) =>
    signature.every((byte, index) => bytes[offset + index] === byte),
  )?.[0]
}

// Every character of the writing direction, and every control except those that lay out text.
const controls =
  // oxlint-disable-next-line no-control-regex -- these are what has to be found
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** The text, with controls made visible; undefined when it is not text. */
export function previewText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined
  return decode(bytes)?.replace(controls, (control) => {
    const code = control.charCodeAt(0)
    // Pictures of the controls, such as ␛.
    if (code < 0x20) return String.fromCharCode(0x2400 + code)
    return `\\u${code.toString(16).padStart(4, '0')}`
  })
}

/** A sequence that the end of what was read cuts is left out. */
function decode(bytes: Uint8Array): string | undefined {
  for (let cut = 0; cut < 4; cut++) {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, bytes.length - cut))
    } catch {
      // Tried again with one byte less.
    }
  }
  return undefined
}
