import { constants } from 'node:fs'
import type { FileMetadata } from '../metadata/file-metadata.ts'
import { closeUnwritten } from '../posix/close-unwritten.ts'
import { errorCode, fileStatus } from '../posix/file-status.ts'
import { openedStatus } from '../posix/opened-status.ts'
import { O_PATH, posix } from '../posix/posix.ts'
import { FILE_TYPE } from '../posix/stat-record.ts'
import type { FileStatus } from '../posix/stat-record.ts'
import { swapped } from './child-directory.ts'
import { isEntryName } from './entry-name.ts'
import { SwappedFileError, identityOf, isSameFile } from './held-directories.ts'
import type { DirectoryHandle } from './held-directories.ts'
import { componentsOf, finishFile, hostileEntry, onEntry, pathText } from './writer-context.ts'
import type { CreatedFile, WriterContext } from './writer-context.ts'

/** An entry that is neither a regular file nor a directory. */
export interface SpecialFile {
  readonly directory: DirectoryHandle
  readonly name: Uint8Array
  readonly metadata: FileMetadata
  readonly content:
    | { readonly type: 'symlink'; readonly target: Uint8Array }
    | { readonly type: 'fifo' }
    | {
        readonly type: 'characterDevice' | 'blockDevice'
        readonly major: number
        readonly minor: number
      }
}

const linkTargetBytesMax = 4095

const actions = {
  symlink: 'restore symbolic link',
  fifo: 'restore fifo',
  characterDevice: 'restore device',
  blockDevice: 'restore device',
} as const

/**
 * Creates a link, fifo or device and sets its metadata through a descriptor of the place itself, so
 * that a name swapped in between never gets our owner or mode.
 */
export function writeSpecialFile(context: WriterContext, file: SpecialFile): CreatedFile {
  const { directory, name, metadata, content } = file
  const entry = { action: actions[content.type], directory, name }
  if (content.type === 'symlink' && !isLinkTarget(content.target)) {
    throw hostileEntry(context, entry, 'its target is not one that a link can have')
  }
  return onEntry(context, entry, (directoryFd) => {
    createReplacing(context, directoryFd, name, () => create(directoryFd, name, content))
    const fd = openPlace(directoryFd, name)
    try {
      const status = fileStatus(fd)
      if (!isOurs(context, directory, status, FILE_TYPE[content.type])) {
        throw swapped(pathText(context, directory, name))
      }
      finishFile(context, fd, metadata, () => pathText(context, directory, name))
      return { components: componentsOf(directory, name), identity: identityOf(status) }
    } finally {
      closeUnwritten(fd)
    }
  })
}

/** Links to a file of this run, found again from the target down and known by its inode. */
export function writeHardLink(
  context: WriterContext,
  link: { readonly directory: DirectoryHandle; readonly name: Uint8Array },
  source: CreatedFile,
): void {
  const { directory, name } = link
  onEntry(context, { action: 'restore hard link', directory, name }, (directoryFd) => {
    const fd = openCreated(context, source)
    try {
      createReplacing(context, directoryFd, name, () => posix.linkDescriptor(fd, directoryFd, name))
    } finally {
      closeUnwritten(fd)
    }
  })
}

/**
 * What the kernel takes: anything without NUL that is not empty and not too long; where it leads is
 * no matter.
 */
function isLinkTarget(target: Uint8Array): boolean {
  return target.length > 0 && target.length <= linkTargetBytesMax && !target.includes(0)
}

function create(directoryFd: number, name: Uint8Array, content: SpecialFile['content']): void {
  switch (content.type) {
    case 'symlink':
      return posix.symlinkAt(content.target, directoryFd, name)
    case 'fifo':
      return posix.mknodAt(directoryFd, name, FILE_TYPE.fifo | 0o600, 0, 0)
    case 'characterDevice':
    case 'blockDevice': {
      const mode = FILE_TYPE[content.type] | 0o600
      return posix.mknodAt(directoryFd, name, mode, content.major, content.minor)
    }
  }
}

/**
 * Runs a call that fails with EEXIST; where replacing is allowed, removes what is there and tries
 * once more.
 */
export function createReplacing(
  context: WriterContext,
  directoryFd: number,
  name: Uint8Array,
  createEntry: () => void,
): void {
  try {
    createEntry()
    return
  } catch (error) {
    if (!context.replaceFiles || errorCode(error) !== 'EEXIST') throw error
  }
  posix.unlinkAt(directoryFd, name)
  createEntry()
}

function openPlace(directoryFd: number, name: Uint8Array): number {
  return posix.openFile(directoryFd, name, O_PATH | constants.O_NOFOLLOW)
}

function isOurs(
  context: WriterContext,
  directory: DirectoryHandle,
  status: FileStatus,
  type: number,
): boolean {
  if ((status.mode & FILE_TYPE.mask) !== type || status.nlink !== 1) return false
  return !context.isRoot || !directory.isShared || status.uid === process.geteuid?.()
}

function openCreated(context: WriterContext, { components, identity }: CreatedFile): number {
  if (components.length === 0 || !components.every(isEntryName)) {
    throw new TypeError('Not a file that this writer has created')
  }
  const { held } = context
  let fd = held.descriptorOf(held.root)
  let isOpened = false
  for (const [index, component] of components.entries()) {
    const isLast = index === components.length - 1
    const base = fd
    try {
      fd = isLast ? openPlace(base, component) : posix.openDirectory(base, component)
    } finally {
      if (isOpened) closeUnwritten(base)
    }
    isOpened = true
  }
  if (isSameFile(openedStatus(fd), identity)) return fd
  closeUnwritten(fd)
  throw new SwappedFileError()
}
