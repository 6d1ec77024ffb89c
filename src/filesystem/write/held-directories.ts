import { closeUnwritten } from '../posix/close-unwritten.ts'
import { openedStatus } from '../posix/opened-status.ts'
import { posix } from '../posix/posix.ts'

/** Which file it is, whatever its name. */
export interface FileIdentity {
  readonly devMajor: number
  readonly devMinor: number
  readonly inoLow: number
  readonly inoHigh: number
}

/** The part of a status, or of a batch's result, that tells which file it is. */
export function identityOf(status: FileIdentity): FileIdentity {
  const { devMajor, devMinor, inoLow, inoHigh } = status
  return { devMajor, devMinor, inoLow, inoHigh }
}

export function isSameFile(left: FileIdentity, right: FileIdentity): boolean {
  return (
    left.inoLow === right.inoLow &&
    left.inoHigh === right.inoHigh &&
    left.devMinor === right.devMinor &&
    left.devMajor === right.devMajor
  )
}

/** A directory of the target that is being filled. Made and released by the safe writer only. */
export interface DirectoryHandle {
  readonly parent: DirectoryHandle | undefined
  /** Empty for the target itself. */
  readonly name: Buffer
  readonly identity: FileIdentity
  /** Whether this run created it; then nobody else may look into it before it is finished. */
  readonly isCreated: boolean
  /** Whether somebody but us and root can change names in it while we write. */
  readonly isShared: boolean
  /** Whether new files inherit an ACL from it. */
  readonly hasDefaultAcl: boolean
  /** Permission bits to give back when they had to be widened to write into it. */
  readonly originalMode: number | undefined
}

interface Slot {
  /** -1 while it is parked. */
  fd: number
  children: number
}

/** Under the name of something this run has opened or created stands another file now. */
export class SwappedFileError extends Error {
  readonly code = 'ESTALE'

  constructor() {
    super('another file has taken its place')
    this.name = 'SwappedFileError'
  }
}

/**
 * The descriptors of the directories being filled.
 *
 * They are held, so that no later renaming can lead a write astray. A tree deeper than the limit of
 * open files would exhaust them: beyond `openMax` the one opened first is closed, and when it is
 * needed again it is reached from the target down, name by name without following links, and must
 * be the same directory.
 */
export class HeldDirectories {
  readonly root: DirectoryHandle
  readonly #slots = new Map<DirectoryHandle, Slot>()
  /** Handles with a descriptor, the one opened first in front; the root is never among them. */
  readonly #open = new Set<DirectoryHandle>()
  readonly #openMax: number

  constructor(root: DirectoryHandle, rootFd: number, openMax: number) {
    this.root = root
    this.#openMax = openMax
    this.#slots.set(root, { fd: rootFd, children: 0 })
  }

  /** Takes over the descriptor. */
  hold(handle: DirectoryHandle, fd: number): void {
    if (handle.parent === undefined) throw new TypeError('Only the target has no parent')
    this.#slotOf(handle.parent).children++
    this.#slots.set(handle, { fd, children: 0 })
    this.#open.add(handle)
    this.#parkSome()
  }

  /** The descriptor of a held directory; valid until the next call of `hold` or `release`. */
  descriptorOf(handle: DirectoryHandle): number {
    const slot = this.#slotOf(handle)
    if (slot.fd < 0) this.#reopen(handle)
    return slot.fd
  }

  /** Keeps a directory from being left while a file in it is written; ends with `unpin`. */
  pin(handle: DirectoryHandle): void {
    this.#slotOf(handle).children++
  }

  unpin(handle: DirectoryHandle): void {
    const slot = this.#slots.get(handle)
    if (slot !== undefined) slot.children--
  }

  hasChildren(handle: DirectoryHandle): boolean {
    return this.#slotOf(handle).children > 0
  }

  release(handle: DirectoryHandle): void {
    const slot = this.#slotOf(handle)
    this.#slots.delete(handle)
    this.#open.delete(handle)
    if (handle.parent !== undefined) this.#slotOf(handle.parent).children--
    if (slot.fd >= 0) closeUnwritten(slot.fd)
  }

  /** Closes everything, the target included. */
  releaseAll(): void {
    for (const { fd } of this.#slots.values()) if (fd >= 0) closeUnwritten(fd)
    this.#slots.clear()
    this.#open.clear()
  }

  #slotOf(handle: DirectoryHandle): Slot {
    const slot = this.#slots.get(handle)
    if (slot === undefined) throw new TypeError('The directory was left already')
    return slot
  }

  #parkSome(): void {
    for (const handle of this.#open) {
      if (this.#open.size <= this.#openMax) return
      const slot = this.#slotOf(handle)
      this.#open.delete(handle)
      closeUnwritten(slot.fd)
      slot.fd = -1
    }
  }

  /**
   * Opens a parked directory by walking down to it. The lower half of the way stays open when there is room: trees are
   * left from the bottom up, and walking anew for every directory would take quadratic time.
   */
  #reopen(handle: DirectoryHandle): void {
    const chain: DirectoryHandle[] = []
    let base = handle
    while (this.#slotOf(base).fd < 0 && base.parent !== undefined) {
      chain.push(base)
      base = base.parent
    }
    let fd = this.#slotOf(base).fd
    let isPassing = false
    for (let remaining = chain.length - 1; remaining >= 0; remaining--) {
      const step = chain[remaining]
      const isWorthKeeping = remaining < this.#openMax / 2 && this.#open.size < this.#openMax
      const isKept = remaining === 0 || isWorthKeeping
      const upper = fd
      try {
        // Where the way leads through is no matter, only where it ends.
        fd = isKept ? openSame(upper, step) : posix.openDirectory(upper, step.name)
      } finally {
        if (isPassing) closeUnwritten(upper)
      }
      isPassing = !isKept
      if (!isKept) continue
      this.#slotOf(step).fd = fd
      this.#open.add(step)
    }
  }
}

function openSame(parentFd: number, handle: DirectoryHandle): number {
  const fd = posix.openDirectory(parentFd, handle.name)
  if (isSameFile(openedStatus(fd), handle.identity)) return fd
  closeUnwritten(fd)
  throw new SwappedFileError()
}
