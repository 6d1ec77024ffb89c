import { resolve } from 'node:path'

/**
 * Makes a path of bytes absolute and drops `.`, `..` and double slashes, without looking at the disk.
 *
 * Latin-1 maps each byte to one character and back, and none of the bytes of `/` and `.` means anything else in UTF-8.
 */
export function resolveBytes(folder: string, path: Buffer): Buffer {
  const folderBytes = Buffer.from(folder).toString('latin1')
  return Buffer.from(resolve(folderBytes, path.toString('latin1')), 'latin1')
}

/** True when a path is the folder itself or lies below it; both absolute and resolved. */
export function isInside(folder: Buffer, path: Buffer): boolean {
  if (path.equals(folder) || folder.equals(Buffer.from('/'))) return true
  return path.length > folder.length && path.indexOf(folder) === 0 && path[folder.length] === 0x2f
}
