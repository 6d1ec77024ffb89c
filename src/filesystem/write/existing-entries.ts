import { constants } from 'node:fs'
import { closeUnwritten } from '../posix/close-unwritten.ts'
import { errorCode, fileStatus } from '../posix/file-status.ts'
import { openedStatus } from '../posix/opened-status.ts'
import { O_PATH, posix } from '../posix/posix.ts'
import { FILE_TYPE } from '../posix/stat-record.ts'
import type { FileMetadata } from '../metadata/file-metadata.ts'
import type { DirectoryHandle } from './held-directories.ts'
import { finishFile, guardEntry, onEntry, pathText, type WriterContext } from './writer-context.ts'

const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const action = 'look at'
/** One descriptor is held for each level; whatever is nested deeper is left for a person to look at. */
const removedDepthMax = 500

class TooDeepError extends Error {
  readonly code = 'ELOOP'

  constructor() {
    super(`it is nested more than ${removedDepthMax} folders deep`)
    this.name = 'TooDeepError'
  }
}

/**
 * Opens what stands under a name for reading, when it is a regular file. Links are not followed.
 *
 * @returns a descriptor, or undefined when there is none or it cannot be read
 */
export function openExistingFile(
  context: WriterContext,
  directory: DirectoryHandle,
  name: Uint8Array,
): number | undefined {
  return onEntry(context, { action, directory, name }, (directoryFd) => {
    let fd: number
    try {
      fd = posix.openFile(directoryFd, name, readFlags)
    } catch {
      return undefined
    }
    if ((openedStatus(fd).mode & FILE_TYPE.mask) === FILE_TYPE.regular) return fd
    closeUnwritten(fd)
    return undefined
  })
}

/** Whether anything stands under the name. */
export function hasEntry(
  context: WriterContext,
  directory: DirectoryHandle,
  name: Uint8Array,
): boolean {
  return onEntry(context, { action, directory, name }, (directoryFd) => {
    try {
      closeUnwritten(posix.openFile(directoryFd, name, O_PATH | constants.O_NOFOLLOW))
      return true
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false
      throw error
    }
  })
}

/** Gives an existing regular file that is the only name of its content its metadata. */
export function applyToExistingFile(
  context: WriterContext,
  directory: DirectoryHandle,
  name: Uint8Array,
  metadata: FileMetadata,
): void {
  onEntry(context, { action: 'set metadata of', directory, name }, (directoryFd) => {
    const fd = posix.openFile(directoryFd, name, O_PATH | constants.O_NOFOLLOW)
    try {
      const { mode, nlink } = fileStatus(fd)
      // Somebody may have put another file there since it was compared.
      if ((mode & FILE_TYPE.mask) !== FILE_TYPE.regular || nlink !== 1) return
      finishFile(context, fd, metadata, () => pathText(context, directory, name))
    } finally {
      closeUnwritten(fd)
    }
  })
}

/**
 * Removes what a directory holds besides the names that are kept, with everything below it.
 *
 * @returns number of entries removed, those below removed directories included
 */
export function removeOtherEntries(
  context: WriterContext,
  directory: DirectoryHandle,
  keeps: (name: Buffer) => boolean,
): number {
  const names = guardEntry(context, { action: 'list directory', directory }, () =>
    namesIn(context.held.descriptorOf(directory)),
  )
  let removed = 0
  for (const name of names) {
    if (keeps(name)) continue
    removed += onEntry(context, { action: 'remove', directory, name }, (directoryFd) =>
      removeTree(context, directoryFd, name, 0),
    )
  }
  return removed
}

function namesIn(fd: number): Buffer[] {
  const { names, count } = posix.listDirectory(fd)
  const list: Buffer[] = []
  for (let item = 0, at = 0; item < count; item++) {
    const end = at + 2 + names.readUInt16LE(at)
    list.push(names.subarray(at + 2, end))
    at = end
  }
  return list
}

/** Goes down by descriptors, so that a link swapped in for a directory is removed and not followed. */
function removeTree(context: WriterContext, parentFd: number, name: Buffer, depth: number): number {
  if (depth > removedDepthMax) throw new TooDeepError()
  let fd: number
  try {
    fd = posix.openDirectory(parentFd, name)
  } catch (error) {
    const code = errorCode(error)
    if (code !== 'ENOTDIR' && code !== 'ELOOP') throw error
    posix.unlinkAt(parentFd, name)
    return 1
  }
  let removed = 1
  try {
    const status = fileStatus(fd)
    const { devMajor, devMinor } = context.held.root.identity
    // A file system that is mounted there was never part of what is restored.
    if (status.devMajor !== devMajor || status.devMinor !== devMinor) return 0
    for (const below of namesIn(fd)) removed += removeTree(context, fd, below, depth + 1)
  } finally {
    closeUnwritten(fd)
  }
  posix.unlinkAt(parentFd, name, true)
  return removed
}
