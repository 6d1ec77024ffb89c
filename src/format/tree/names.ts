export const nameBytesMax = 255

const dot = 0x2e
const slash = 0x2f

/**
 * Whether bytes[start, end) may be the name of an entry: 1 to 255 bytes, neither `.` nor `..`, without NUL and `/`.
 *
 * Restores join names to paths, so a name that passed here can never lead out of its directory.
 */
export function isEntryName(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if (length < 1 || length > nameBytesMax) return false
  if (bytes[start] === dot) {
    if (length === 1) return false
    if (length === 2 && bytes[start + 1] === dot) return false
  }
  for (let position = start; position < end; position++) {
    const byte = bytes[position]
    if (byte === 0 || byte === slash) return false
  }
  return true
}

/**
 * Unsigned byte order of left[leftStart, leftEnd) and right[rightStart, rightEnd): negative, 0 or positive.
 *
 * Six numbers instead of two views: a view costs ten times as much as the comparison of two names.
 */
// oxlint-disable-next-line max-params -- views or objects would cost more than the comparison
export function compareByteRanges(
  left: Uint8Array,
  leftStart: number,
  leftEnd: number,
  right: Uint8Array,
  rightStart: number,
  rightEnd: number,
): number {
  const leftLength = leftEnd - leftStart
  const rightLength = rightEnd - rightStart
  const shared = leftLength < rightLength ? leftLength : rightLength
  for (let position = 0; position < shared; position++) {
    const difference = left[leftStart + position] - right[rightStart + position]
    if (difference !== 0) return difference
  }
  return leftLength - rightLength
}

/** Unsigned byte order of two whole names; fit for `Array.prototype.sort`. */
export function compareNames(left: Uint8Array, right: Uint8Array): number {
  return compareByteRanges(left, 0, left.length, right, 0, right.length)
}

/** FNV-1a, 32 bit, of bytes[start, end), as an unsigned number (Fowler, Noll and Vo; RFC 9923). */
export function hashName(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let position = start; position < end; position++) {
    hash = Math.imul(hash ^ bytes[position], 0x01000193)
  }
  return hash >>> 0
}
