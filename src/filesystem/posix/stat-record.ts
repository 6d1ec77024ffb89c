/**
 * The packed file status that the addon writes: 96 bytes per file, little-endian, in the host's own
 * layout.
 *
 * Records spare the object per file that Node's `Stats` costs. Sizes, block counts and seconds
 * always fit a JavaScript number: a file whose values do not gets `status` EOVERFLOW. Inode numbers
 * use all 64 bits and come as two halves.
 */
export const STAT_RECORD_BYTES = 96

/** Byte offsets in a record; `u32` unless noted. */
export const STAT_OFFSET = {
  /** 0, or the errno that kept the status from being read; then the other fields mean nothing. */
  status: 0,
  /** The whole `st_mode`, file type included. */
  mode: 4,
  nlink: 8,
  uid: 12,
  gid: 16,
  rdevMajor: 20,
  rdevMinor: 24,
  devMajor: 28,
  devMinor: 32,
  mtimeNsec: 36,
  ctimeNsec: 40,
  /** `READ_FLAG` bits; written by `readSmallFiles` only. */
  flags: 44,
  /** u64 */
  ino: 48,
  /** u64, at most 2^53 - 1 */
  size: 56,
  /** u64, in units of 512 bytes */
  blocks: 64,
  /** i64 */
  mtimeSec: 72,
  /** i64 */
  ctimeSec: 80,
  /** Size of the list of extended attribute names, or `XATTR_LIST_UNKNOWN`. */
  xattrListBytes: 88,
  /** Bytes that `readSmallFiles` put into its target for this file. */
  contentBytes: 92,
} as const

/** What `readSmallFiles` noticed. */
export const READ_FLAG = {
  /** Size, mtime or ctime moved between the status before and the one after reading. */
  changed: 1,
  /**
   * The content is not whole: the file grew, or there was no room for it. Read it as a big file.
   */
  more: 2,
  /** Not a regular file (any more); nothing was read and `status` is EINVAL. */
  notRegular: 4,
} as const

/** Nobody has asked yet, or asking failed; 0 means that there are certainly no attributes. */
export const XATTR_LIST_UNKNOWN = 0xffff_ffff

/** One decoded record. */
export interface FileStatus {
  /** 0 or an errno; `posix.errnoName` names it. */
  readonly status: number
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  readonly rdevMajor: number
  readonly rdevMinor: number
  readonly devMajor: number
  readonly devMinor: number
  readonly inoLow: number
  readonly inoHigh: number
  readonly sizeBytes: number
  /** Allocated space in units of 512 bytes. */
  readonly blocks: number
  readonly mtimeSec: number
  readonly mtimeNsec: number
  readonly ctimeSec: number
  readonly ctimeNsec: number
  readonly flags: number
  readonly xattrListBytes: number
  readonly contentBytes: number
}

/** Room for a number of records, as the addon wants it and as `readStatus` does. */
export interface StatRecords {
  readonly bytes: Uint8Array
  readonly view: DataView
}

export function createStatRecords(count: number): StatRecords {
  const bytes = new Uint8Array(count * STAT_RECORD_BYTES)
  return { bytes, view: new DataView(bytes.buffer) }
}

/** A u64 that is known to fit a number. */
export function readSafeUint64(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * 0x1_0000_0000 + view.getUint32(offset, true)
}

/** An i64 that is known to fit a number. */
export function readSafeInt64(view: DataView, offset: number): number {
  return view.getInt32(offset + 4, true) * 0x1_0000_0000 + view.getUint32(offset, true)
}

/**
 * Decodes record number `index`; loops that need one or two fields read them at `STAT_OFFSET`
 * instead.
 */
export function readStatus(view: DataView, index: number): FileStatus {
  const start = index * STAT_RECORD_BYTES
  const field = (offset: number): number => view.getUint32(start + offset, true)
  return {
    status: field(STAT_OFFSET.status),
    mode: field(STAT_OFFSET.mode),
    nlink: field(STAT_OFFSET.nlink),
    uid: field(STAT_OFFSET.uid),
    gid: field(STAT_OFFSET.gid),
    rdevMajor: field(STAT_OFFSET.rdevMajor),
    rdevMinor: field(STAT_OFFSET.rdevMinor),
    devMajor: field(STAT_OFFSET.devMajor),
    devMinor: field(STAT_OFFSET.devMinor),
    inoLow: field(STAT_OFFSET.ino),
    inoHigh: field(STAT_OFFSET.ino + 4),
    sizeBytes: readSafeUint64(view, start + STAT_OFFSET.size),
    blocks: readSafeUint64(view, start + STAT_OFFSET.blocks),
    mtimeSec: readSafeInt64(view, start + STAT_OFFSET.mtimeSec),
    mtimeNsec: field(STAT_OFFSET.mtimeNsec),
    ctimeSec: readSafeInt64(view, start + STAT_OFFSET.ctimeSec),
    ctimeNsec: field(STAT_OFFSET.ctimeNsec),
    flags: field(STAT_OFFSET.flags),
    xattrListBytes: field(STAT_OFFSET.xattrListBytes),
    contentBytes: field(STAT_OFFSET.contentBytes),
  }
}

/** `S_IFMT` and the file types under it, as in `mode`. */
export const FILE_TYPE = {
  mask: 0o170000,
  socket: 0o140000,
  symlink: 0o120000,
  regular: 0o100000,
  blockDevice: 0o060000,
  directory: 0o040000,
  characterDevice: 0o020000,
  fifo: 0o010000,
} as const
