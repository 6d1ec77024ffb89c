import { TargetError } from '../../foundation/errors.ts'
import { closeUnwritten } from '../posix/close-unwritten.ts'
import { errorCode, fileStatus } from '../posix/file-status.ts'
import { FOLLOW_LINKS, posix } from '../posix/posix.ts'
import type { FileStatus } from '../posix/stat-record.ts'
import { identityOf } from './held-directories.ts'
import type { DirectoryHandle } from './held-directories.ts'
import { sweepLeftovers } from './leftovers.ts'
import { targetRefusal } from './target-fault.ts'
import { onEntry, pathText } from './writer-context.ts'
import type { WriterContext } from './writer-context.ts'

const accessAcl = Buffer.from('system.posix_acl_access')
const defaultAcl = Buffer.from('system.posix_acl_default')
const ownerMayAll = 0o700
const action = 'restore directory'

/**
 * Makes or opens a directory in a held one and holds it; see `SafeWriter.enterDirectory`.
 *
 * @param isReturn it was entered before in this run, by whichever writer: it is likely to be there, and was swept
 */
export function enterChildDirectory(
  context: WriterContext,
  parent: DirectoryHandle,
  name: Buffer,
  isReturn: boolean = false,
): DirectoryHandle {
  return onEntry(context, { action, directory: parent, name }, (parentFd) => {
    const { fd, isCreated } =
      (isReturn ? tryOpen(parentFd, name) : undefined) ?? makeOrOpen(context, parentFd, name)
    try {
      const status = fileStatus(fd)
      const path = (): string => pathText(context, parent, name)
      if (isCreated) checkOwnDirectory(context, { status, parent, path })
      else checkMount(context, status, path)
      const handle = prepareDirectory(fd, { parent, name, status, isCreated, isSwept: isReturn })
      context.held.hold(handle, fd)
      return handle
    } catch (error) {
      closeUnwritten(fd)
      throw error
    }
  })
}

/** The handle of the target itself; its path is the operator's and may lead through links. */
export function openTargetDirectory(
  directory: number,
  path: Uint8Array,
  isCreated: boolean,
): { readonly fd: number; readonly handle: DirectoryHandle } {
  const fd = posix.openDirectory(directory, path, FOLLOW_LINKS)
  try {
    const status = fileStatus(fd)
    const name = Buffer.alloc(0)
    return { fd, handle: prepareDirectory(fd, { parent: undefined, name, status, isCreated }) }
  } catch (error) {
    closeUnwritten(fd)
    throw error
  }
}

function makeOrOpen(
  context: WriterContext,
  parentFd: number,
  name: Buffer,
): { readonly fd: number; readonly isCreated: boolean } {
  if (tryMake(parentFd, name)) return { fd: posix.openDirectory(parentFd, name), isCreated: true }
  try {
    return { fd: posix.openDirectory(parentFd, name), isCreated: false }
  } catch (error) {
    const code = errorCode(error)
    if (!context.replaceObstacles || (code !== 'ENOTDIR' && code !== 'ELOOP')) throw error
  }
  posix.unlinkAt(parentFd, name)
  posix.mkdirAt(parentFd, name, ownerMayAll)
  return { fd: posix.openDirectory(parentFd, name), isCreated: true }
}

/** @returns undefined when it is not there, or is no directory */
function tryOpen(
  parentFd: number,
  name: Buffer,
): { readonly fd: number; readonly isCreated: boolean } | undefined {
  try {
    return { fd: posix.openDirectory(parentFd, name), isCreated: false }
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined
    throw error
  }
}

function tryMake(parentFd: number, name: Buffer): boolean {
  try {
    posix.mkdirAt(parentFd, name, ownerMayAll)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

interface Check {
  readonly status: FileStatus
  readonly parent: DirectoryHandle
  readonly path: () => string
}

/**
 * Between making a directory and opening it, somebody who may rename in the parent could have put
 * another one in its place. Only root has power to lend, and only strangers' directories are worth
 * it.
 */
function checkOwnDirectory(context: WriterContext, { status, parent, path }: Check): void {
  if (!context.isRoot || !parent.isShared || status.uid === process.geteuid?.()) return
  throw swapped(path())
}

export function swapped(path: string): TargetError {
  return targetRefusal('restore', path, {
    code: 'ESTALE',
    reason: 'what was created there belongs to another user',
    remedy: 'Restore into a directory that nobody else may write to',
  })
}

function checkMount(context: WriterContext, status: FileStatus, path: () => string): void {
  const { devMajor, devMinor } = context.held.root.identity
  if (context.crossMounts || (status.devMajor === devMajor && status.devMinor === devMinor)) return
  throw targetRefusal(action, path(), {
    code: 'EXDEV',
    reason: 'another file system is mounted there',
    remedy: 'Allow restoring across mount points, or unmount it',
  })
}

interface Opened {
  readonly parent: DirectoryHandle | undefined
  readonly name: Buffer
  readonly status: FileStatus
  readonly isCreated: boolean
  /** No partial files of killed writers are looked for. */
  readonly isSwept?: boolean
}

function prepareDirectory(fd: number, opened: Opened): DirectoryHandle {
  const { parent, name, status, isCreated, isSwept = false } = opened
  let hasDefaultAcl = false
  let originalMode: number | undefined
  if (isCreated) {
    if (parent?.hasDefaultAcl !== false) dropInheritedAcls(fd)
  } else {
    if (!isSwept) sweepLeftovers(fd)
    hasDefaultAcl = posix.getXattrs(fd).some((attribute) => attribute.name.equals(defaultAcl))
    originalMode = widenMode(fd, status)
  }
  return {
    parent,
    name,
    identity: identityOf(status),
    isCreated,
    isShared: !isCreated && isShared(status),
    hasDefaultAcl,
    originalMode,
  }
}

/**
 * Nothing in a new directory may be wider open than the snapshot says, not even while it is being
 * written.
 */
function dropInheritedAcls(fd: number): void {
  for (const { name } of posix.getXattrs(fd)) {
    if (name.equals(accessAcl) || name.equals(defaultAcl)) posix.removeXattr(fd, name)
  }
}

/**
 * An owner who is not root cannot write into his own read-only directory before he changes its
 * mode.
 */
function widenMode(fd: number, status: FileStatus): number | undefined {
  const euid = process.geteuid?.()
  if (euid === 0 || status.uid !== euid || (status.mode & ownerMayAll) === ownerMayAll) {
    return undefined
  }
  posix.fchmod(fd, (status.mode & 0o7777) | ownerMayAll)
  return status.mode & 0o7777
}

/** A sticky directory keeps others from renaming what is not theirs; its owner may all the same. */
function isShared(status: FileStatus): boolean {
  if (status.uid !== 0 && status.uid !== process.geteuid?.()) return true
  return (status.mode & 0o022) !== 0 && (status.mode & 0o1000) === 0
}
