const nameBytesMax = 255
const dot = 0x2e
const slash = 0x2f

/**
 * Whether a name is a single component that cannot leave its directory: 1 to 255 bytes, neither `.`
 * nor `..`, without `/` and NUL. Everything else that a file system takes is a good name, however
 * odd it looks.
 */
export function isEntryName(name: Uint8Array): boolean {
  if (name.length === 0 || name.length > nameBytesMax) return false
  if (name[0] === dot && (name.length === 1 || (name.length === 2 && name[1] === dot))) return false
  return !name.includes(slash) && !name.includes(0)
}
