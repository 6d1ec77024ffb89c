import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { HoldfastError } from '../../foundation/errors.ts'
import { packageFile } from '../../foundation/installed-files.ts'

/** Where relative names start when no directory is held; names may then be whole paths. */
export const AT_FDCWD = -100

/**
 * Opens the place itself and not the file: enough for `fstat` and `linkDescriptor`, and it works on
 * any type.
 */
export const O_PATH = 0o10000000

/**
 * For `openDirectory` and `statAt`: follow a symbolic link in the last component. Off unless asked
 * for.
 */
export const FOLLOW_LINKS = 1

/** An owner or group to leave as it is. */
export const KEEP_OWNER = 0xffff_ffff

/** What a failed call throws; batches put the bare errno into their records instead. */
export interface PosixError extends Error {
  /** As in Node: 'ENOENT', 'EACCES', ... */
  readonly code: string
  /** Negative, as in Node. */
  readonly errno: number
  readonly syscall: string
}

export interface DirectoryListing {
  /**
   * Every entry but `.` and `..`: u16 length (little-endian), then the bytes; ascending by unsigned
   * bytes.
   */
  readonly names: Buffer
  readonly count: number
}

export interface ExtendedAttribute {
  /** With its namespace, such as `user.origin` or `system.posix_acl_access`. */
  readonly name: Buffer
  readonly value: Buffer
}

/**
 * POSIX calls that Node lacks. All are synchronous and may be used in any thread; descriptors are
 * shared by the whole process.
 *
 * Names are bytes without NUL, of at most 4095 bytes; they are passed to the kernel as they are, so
 * a caller that must not leave the directory checks for `/` and `..` first. Buffers are
 * `Uint8Array`s, those on shared and WebAssembly memory included. Every failure throws a {@link
 * PosixError}; a wrong type throws `TypeError`; a number, name or range out of bounds throws
 * `RangeError`.
 */
export interface Posix {
  /** Names an errno from a record; 'UNKNOWN' when it is an unusual one. */
  errnoName(errno: number): string

  /**
   * Writes one status record (stat-record.ts) of the named file, which is not followed unless
   * `flags` say so.
   */
  statAt(dirfd: number, name: Uint8Array, out: Uint8Array, outOffset?: number, flags?: number): void
  /** Writes one status record of an open file. */
  fstat(fd: number, out: Uint8Array, outOffset?: number): void
  /**
   * Writes the status of `count` consecutive names of a listing, symbolic links not followed, one
   * record each. A file that cannot be read gets its errno as `status`.
   * @returns Offset of the name after the last one done, for the next call.
   */
  statEntries(
    dirfd: number,
    names: Uint8Array,
    nameOffset: number,
    count: number,
    out: Uint8Array,
    outOffset?: number,
  ): number

  /**
   * Opens a directory for listing and as a base of names; ELOOP or ENOTDIR for a link unless
   * `FOLLOW_LINKS`.
   */
  openDirectory(dirfd: number, name: Uint8Array, flags?: number): number
  /** Lists a whole directory from its start; may be repeated on the same descriptor. */
  listDirectory(fd: number): DirectoryListing
  mkdirAt(dirfd: number, name: Uint8Array, mode: number): void
  symlinkAt(target: Uint8Array, dirfd: number, name: Uint8Array): void
  readlinkAt(dirfd: number, name: Uint8Array): Buffer
  /** A hard link; a symbolic link is linked itself. */
  linkAt(fromDirfd: number, fromName: Uint8Array, toDirfd: number, toName: Uint8Array): void
  /** A hard link to the very file that is open (`O_PATH` will do), whatever became of its names. */
  linkDescriptor(fd: number, toDirfd: number, toName: Uint8Array): void
  /** `mode` holds the file type; the permission bits are subject to the umask. */
  mknodAt(dirfd: number, name: Uint8Array, mode: number, major: number, minor: number): void
  renameAt(fromDirfd: number, fromName: Uint8Array, toDirfd: number, toName: Uint8Array): void
  /**
   * Like `renameAt`, but EEXIST when the new name exists. Falls back to link and unlink. Files
   * only.
   */
  renameNoReplace(
    fromDirfd: number,
    fromName: Uint8Array,
    toDirfd: number,
    toName: Uint8Array,
  ): void
  unlinkAt(dirfd: number, name: Uint8Array, isDirectory?: boolean): void
  /** Symbolic links are not followed; `KEEP_OWNER` leaves one of the two. */
  chownAt(dirfd: number, name: Uint8Array, uid: number, gid: number): void
  /** Symbolic links are refused with EOPNOTSUPP. Needs /proc on kernels before 6.6. */
  chmodAt(dirfd: number, name: Uint8Array, mode: number): void
  /** Sets the modification time, not following links, and leaves the access time. */
  setTimesAt(dirfd: number, name: Uint8Array, mtimeSec: number, mtimeNsec: number): void

  /**
   * Opens with `fs.constants` flags; adds O_CLOEXEC, drops O_NOATIME where the kernel refuses it.
   */
  openFile(dirfd: number, name: Uint8Array, flags: number): number
  /**
   * Creates a file that must not exist, for writing (O_EXCL, O_NOFOLLOW); mode 0600 unless given.
   */
  createFile(dirfd: number, name: Uint8Array, mode?: number): number
  close(fd: number): void
  /**
   * Reads until `length` bytes or the end of the file; `position` -1 means the descriptor's own
   * position.
   * @returns Bytes read; fewer than `length` only at the end.
   */
  read(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number
  /** Writes all of it; `position` -1 means the descriptor's own position. */
  write(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): void
  /** Start of the next data at or after `offset`, or -1 when only a hole or nothing follows. */
  seekData(fd: number, offset: number): number
  /** Start of the next hole at or after `offset` (the end counts as one), or -1 beyond the end. */
  seekHole(fd: number, offset: number): number
  /** A hint for the whole file: `POSIX_FADVISE`. Never fails. */
  advise(fd: number, advice: number): void
  ftruncate(fd: number, lengthBytes: number): void
  /**
   * Also for directories. After a failure the data may be lost although a second call succeeds:
   * never retry.
   */
  fsync(fd: number): void
  /** Makes everything on the file system durable that `fd` lies on. */
  syncfs(fd: number): void
  /**
   * Like `fchmod`, `setTimes` and the attributes, also for `O_PATH` descriptors (these need /proc).
   */
  fchown(fd: number, uid: number, gid: number): void
  fchmod(fd: number, mode: number): void
  /** Sets the modification time and leaves the access time. */
  setTimes(fd: number, mtimeSec: number, mtimeNsec: number): void
  /**
   * Takes an exclusive lock without waiting; false when somebody has it. Closing the descriptor
   * releases it.
   */
  lock(fd: number): boolean
  /** Raises the limit of open descriptors to what the system allows, and returns it. */
  raiseFileDescriptorLimit(): number

  /**
   * Reads whole files, one after the other without gaps, into `target` from `targetOffset` on.
   *
   * Request i of `requests` (small-file-batch.ts) gives record i of `records`, taken after reading;
   * its `contentBytes` add up to where the next content begins. A file that fails has `status` set
   * and no content, the others go on. Stops before a file whose expected size plus one byte (which
   * shows growth) has no room.
   * @returns Index after the last file done; `startIndex` when not even the first one fits.
   */
  readSmallFiles(
    requests: Uint8Array,
    names: Uint8Array,
    records: Uint8Array,
    startIndex: number,
    endIndex: number,
    target: Uint8Array,
    targetOffset?: number,
  ): number
  /**
   * Creates files from requests (small-file-batch.ts), each new (O_EXCL) and, unless it is `hidden`,
   * 0600 until its metadata is applied, and writes the result into each request. Names must be a
   * single component, else `name` fails with EINVAL.
   * @returns Number of files with a failed step.
   */
  writeSmallFiles(
    requests: Uint8Array,
    names: Uint8Array,
    source: Uint8Array,
    startIndex: number,
    endIndex: number,
  ): number

  /**
   * All attributes this process may see, in the file system's order; none where it has no
   * attributes.
   */
  getXattrs(fd: number): ExtendedAttribute[]
  /** As `getXattrs`, for links and special files too; needs /proc. */
  getXattrsAt(dirfd: number, name: Uint8Array): ExtendedAttribute[]
  setXattr(fd: number, attribute: Uint8Array, value: Uint8Array): void
  removeXattr(fd: number, attribute: Uint8Array): void
  /**
   * Fills in `xattrListBytes` of the records of `count` consecutive names; the other fields stay.
   * Needs /proc.
   */
  fillXattrSizes(
    dirfd: number,
    names: Uint8Array,
    nameOffset: number,
    count: number,
    records: Uint8Array,
    recordsOffset?: number,
  ): number
}

/** Advice for {@link Posix.advise}; the numbers are Linux's. */
export const POSIX_FADVISE = {
  normal: 0,
  random: 1,
  sequential: 2,
  willNeed: 3,
  dontNeed: 4,
} as const

/**
 * Loads the addon. The binary stays beside its source, where npm compiled it.
 * @throws {HoldfastError} `INTERNAL` when it was not built or does not fit this system.
 */
export function loadPosix(
  path: string = fileURLToPath(packageFile('src/filesystem/posix/build/Release/posix.node')),
): Posix {
  try {
    return createRequire(import.meta.url)(path) as Posix
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause)
    throw new HoldfastError('INTERNAL', `Cannot load the native module "posix.node": ${reason}`, {
      remedy: 'Install a C compiler and Python, then run `npm rebuild holdfast`',
      cause,
    })
  }
}

/** The addon, loaded with this module. */
export const posix: Posix = loadPosix()
