/** The `flags` column of a tree entry (docs/FORMAT.md, section 9). */
export const flagHardLinked = 1
export const flagRacy = 2
export const flagChangedWhileRead = 4

const depthShift = 4
const depthMask = 0xf0
const deviceShift = 16
const reservedMask = 0xff08

/** Highest device number that fits into the flags. */
export const deviceNumberMax = 0xffff

/**
 * @param flagBits Any of the three flags or-ed together.
 * @param depth Depth of content lists, 0 to 4.
 * @param deviceNumber Place of the file system in the snapshot; 0 unless the entry is hard-linked.
 */
export function composeFlags(flagBits: number, depth: number, deviceNumber: number): number {
  return (flagBits | (depth << depthShift) | (deviceNumber << deviceShift)) >>> 0
}

export function depthOfFlags(flags: number): number {
  return (flags & depthMask) >>> depthShift
}

export function deviceNumberOfFlags(flags: number): number {
  return flags >>> deviceShift
}

/** True when no bit is set that version 1 leaves at zero, and a device number comes with bit 0 only. */
export function areFlagsKnown(flags: number): boolean {
  if ((flags & reservedMask) !== 0) return false
  return (flags & flagHardLinked) !== 0 || flags >>> deviceShift === 0
}
