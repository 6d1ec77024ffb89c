/** Linux's `st_mode` as the format stores it (docs/FORMAT.md, section 9). */
export const typeMask = 0o170000
export const typeFifo = 0o010000
export const typeCharacterDevice = 0o020000
export const typeDirectory = 0o040000
export const typeBlockDevice = 0o060000
export const typeRegular = 0o100000
export const typeSymbolicLink = 0o120000
/** Type and twelve permission bits; every higher bit must be zero. */
export const modeMax = 0o177777

export function isDirectory(mode: number): boolean {
  return (mode & typeMask) === typeDirectory
}

export function isRegular(mode: number): boolean {
  return (mode & typeMask) === typeRegular
}

export function isSymbolicLink(mode: number): boolean {
  return (mode & typeMask) === typeSymbolicLink
}

export function isFifo(mode: number): boolean {
  return (mode & typeMask) === typeFifo
}

/** Character and block devices: the entries that have a device number among their extras. */
export function isDevice(mode: number): boolean {
  const type = mode & typeMask
  return type === typeCharacterDevice || type === typeBlockDevice
}

/** True for the six kinds that can be saved; sockets and unknown types are not among them. */
export function isStorableMode(mode: number): boolean {
  if (mode > modeMax) return false
  switch (mode & typeMask) {
    case typeRegular:
    case typeDirectory:
    case typeSymbolicLink:
    case typeFifo:
    case typeCharacterDevice:
    case typeBlockDevice:
      return true
    default:
      return false
  }
}
