import { posix } from '../posix/posix.ts'
import type { ExtendedAttribute } from '../posix/posix.ts'

/**
 * All extended attributes of an open file in ascending order of their names, so that equal files
 * give equal trees whatever order the file system keeps them in. One system call when there are
 * none.
 * @throws {PosixError} when they cannot be read; a file system without attributes gives none.
 */
export function readXattrs(fd: number): ExtendedAttribute[] {
  return inOrder(posix.getXattrs(fd))
}

/** The same for a name in a directory; a symbolic link's own attributes, not its target's. */
export function readXattrsAt(dirfd: number, name: Uint8Array): ExtendedAttribute[] {
  return inOrder(posix.getXattrsAt(dirfd, name))
}

function inOrder(attributes: ExtendedAttribute[]): ExtendedAttribute[] {
  if (attributes.length < 2) return attributes
  return attributes.sort((left, right) => Buffer.compare(left.name, right.name))
}
