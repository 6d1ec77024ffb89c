/**
 * The packed requests of the two batches, `readSmallFiles` and `writeSmallFiles`; little-endian.
 *
 * A batch carries many files over the border between JavaScript and C at once, because crossing it
 * costs about as much as a warm system call.
 */
export const READ_REQUEST_BYTES = 16

/** Byte offsets in a read request. */
export const READ_REQUEST_OFFSET = {
  /** i32: descriptor of the directory */
  directory: 0,
  /** u32: where the name begins in the names buffer, past any length prefix */
  nameOffset: 4,
  /** u32 */
  nameBytes: 8,
  /** u32: size the scan saw; the batch stops before a file for which there is no room */
  expectedBytes: 12,
} as const

export interface ReadRequest {
  readonly directory: number
  readonly nameOffset: number
  readonly nameBytes: number
  readonly expectedBytes: number
}

export function setReadRequest(view: DataView, index: number, request: ReadRequest): void {
  const start = index * READ_REQUEST_BYTES
  view.setInt32(start + READ_REQUEST_OFFSET.directory, request.directory, true)
  view.setUint32(start + READ_REQUEST_OFFSET.nameOffset, request.nameOffset, true)
  view.setUint32(start + READ_REQUEST_OFFSET.nameBytes, request.nameBytes, true)
  view.setUint32(start + READ_REQUEST_OFFSET.expectedBytes, request.expectedBytes, true)
}

export const WRITE_REQUEST_BYTES = 72

/** Byte offsets in a write request; `u32` unless noted. The addon fills in the results. */
export const WRITE_REQUEST_OFFSET = {
  /** i32: descriptor of the directory */
  directory: 0,
  nameOffset: 4,
  nameBytes: 8,
  contentOffset: 12,
  contentBytes: 16,
  /** Permission bits; the file type is ignored. */
  mode: 20,
  uid: 24,
  gid: 28,
  /** i64 */
  mtimeSec: 32,
  mtimeNsec: 40,
  /** `WRITE_FLAG` bits */
  flags: 44,
  /** result: 0 or the errno of the first step that failed */
  resultErrno: 48,
  /** result: 0 or the first `WriteStep` that failed, as an index into `WRITE_STEPS` */
  resultStep: 52,
  /** result: device and inode of the new file, so that hard links to it can be checked */
  devMajor: 56,
  devMinor: 60,
  /** result, u64 */
  ino: 64,
} as const

export const WRITE_FLAG = {
  /** Set the owner, unless the new file already has it. */
  chown: 1,
  /** Set the mode; otherwise the file stays 0600. */
  chmod: 2,
  /** Set the modification time. */
  times: 4,
  /** Remove an existing entry that is no directory first; otherwise EEXIST. */
  replace: 8,
  /** Remove the access ACL that the new file inherited from its directory's default ACL. */
  clearAcl: 16,
  /**
   * Nobody else can reach into the directory, which hands down no ACL: the file may be created with
   * its mode, but for set-id bits, instead of 0600.
   */
  hidden: 32,
} as const

export type WriteStep =
  | 'none'
  | 'name'
  | 'remove'
  | 'create'
  | 'write'
  | 'status'
  | 'chown'
  | 'acl'
  | 'chmod'
  | 'times'
  | 'close'

/**
 * The steps in their order. After a failure up to `write`, or at `close`, there is no file under
 * the name; after one from `status` to `times` the content is whole and the remaining metadata was
 * still applied.
 */
export const WRITE_STEPS: readonly WriteStep[] = [
  'none',
  'name',
  'remove',
  'create',
  'write',
  'status',
  'chown',
  'acl',
  'chmod',
  'times',
  'close',
]

export interface WriteRequest {
  readonly directory: number
  readonly nameOffset: number
  readonly nameBytes: number
  readonly contentOffset: number
  readonly contentBytes: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtimeSec: number
  readonly mtimeNsec: number
  readonly flags: number
}

export function setWriteRequest(view: DataView, index: number, request: WriteRequest): void {
  const start = index * WRITE_REQUEST_BYTES
  view.setInt32(start + WRITE_REQUEST_OFFSET.directory, request.directory, true)
  view.setUint32(start + WRITE_REQUEST_OFFSET.nameOffset, request.nameOffset, true)
  view.setUint32(start + WRITE_REQUEST_OFFSET.nameBytes, request.nameBytes, true)
  view.setUint32(start + WRITE_REQUEST_OFFSET.contentOffset, request.contentOffset, true)
  view.setUint32(start + WRITE_REQUEST_OFFSET.contentBytes, request.contentBytes, true)
  view.setUint32(start + WRITE_REQUEST_OFFSET.mode, request.mode, true)
  view.setUint32(start + WRITE_REQUEST_OFFSET.uid, request.uid, true)
  view.setUint32(start + WRITE_REQUEST_OFFSET.gid, request.gid, true)
  view.setInt32(
    start + WRITE_REQUEST_OFFSET.mtimeSec + 4,
    Math.floor(request.mtimeSec / 0x1_0000_0000),
    true,
  )
  view.setUint32(start + WRITE_REQUEST_OFFSET.mtimeSec, request.mtimeSec % 0x1_0000_0000, true)
  view.setUint32(start + WRITE_REQUEST_OFFSET.mtimeNsec, request.mtimeNsec, true)
  view.setUint32(start + WRITE_REQUEST_OFFSET.flags, request.flags, true)
}

export interface WriteResult {
  /** 0 or an errno; `posix.errnoName` names it. */
  readonly errno: number
  /** `'none'` when everything succeeded. */
  readonly step: WriteStep
  readonly devMajor: number
  readonly devMinor: number
  readonly inoLow: number
  readonly inoHigh: number
}

export function readWriteResult(view: DataView, index: number): WriteResult {
  const start = index * WRITE_REQUEST_BYTES
  return {
    errno: view.getUint32(start + WRITE_REQUEST_OFFSET.resultErrno, true),
    step: WRITE_STEPS[view.getUint32(start + WRITE_REQUEST_OFFSET.resultStep, true)] ?? 'none',
    devMajor: view.getUint32(start + WRITE_REQUEST_OFFSET.devMajor, true),
    devMinor: view.getUint32(start + WRITE_REQUEST_OFFSET.devMinor, true),
    inoLow: view.getUint32(start + WRITE_REQUEST_OFFSET.ino, true),
    inoHigh: view.getUint32(start + WRITE_REQUEST_OFFSET.ino + 4, true),
  }
}
