import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { closeOnError, closeUnwritten } from '../posix/close-unwritten.ts'
import { fileStatus } from '../posix/file-status.ts'
import { posix } from '../posix/posix.ts'

const prefix = Buffer.from('.holdfast-partial-')
const randomHexDigits = 24
const nameBytes = prefix.length + randomHexDigits

/** A name for a file that is not complete yet. */
export function partialName(): Buffer {
  return Buffer.concat([prefix, Buffer.from(randomBytes(randomHexDigits / 2).toString('hex'))])
}

/**
 * Creates a partial file and locks it for as long as its descriptor is open: the lock tells a file
 * that is being written from one whose writer was killed.
 */
export function createPartialFile(directory: number): {
  readonly fd: number
  readonly name: Buffer
} {
  for (;;) {
    const name = partialName()
    const fd = posix.createFile(directory, name)
    if (closeOnError(fd, () => isOursForGood(fd))) return { fd, name }
    // Another run's sweep came between creation and lock and removed it; the next name is safe as
    // likely as not.
    closeUnwritten(fd)
  }
}

function isOursForGood(fd: number): boolean {
  try {
    if (!posix.lock(fd)) return false
  } catch {
    // A file system without locks: nobody else can lock either, so nobody sweeps.
    return true
  }
  return fileStatus(fd).nlink > 0
}

/**
 * Removes the partial files in a directory whose writers are gone. Best effort: a failure leaves
 * them in place.
 */
export function sweepLeftovers(directory: number): number {
  const names = listOrNothing(directory)
  let removed = 0
  for (let offset = 0; offset < names.length;) {
    const end = offset + 2 + names.readUInt16LE(offset)
    const name = names.subarray(offset + 2, end)
    if (isPartialName(name) && removeAbandoned(directory, name)) removed++
    offset = end
  }
  return removed
}

function listOrNothing(directory: number): Buffer {
  try {
    return posix.listDirectory(directory).names
  } catch {
    return Buffer.alloc(0)
  }
}

function isPartialName(name: Buffer): boolean {
  return name.length === nameBytes && name.subarray(0, prefix.length).equals(prefix)
}

function removeAbandoned(directory: number, name: Buffer): boolean {
  let fd = -1
  try {
    fd = posix.openFile(
      directory,
      name,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    )
    if (!posix.lock(fd)) return false
    posix.unlinkAt(directory, name)
    return true
  } catch {
    return false
  } finally {
    if (fd >= 0) closeUnwritten(fd)
  }
}
