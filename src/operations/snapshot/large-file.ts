import { constants } from 'node:fs'
import { closeOnError } from '../../filesystem/posix/close-unwritten.ts'
import { posix } from '../../filesystem/posix/posix.ts'
import {
  createStatRecords,
  FILE_TYPE,
  readStatus,
  type FileStatus,
  type StatRecords,
} from '../../filesystem/posix/stat-record.ts'

const openFlags =
  constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOATIME
const errnoEinval = 22

/** Thrown when something else stands under the name now. */
export class NotRegularError extends Error {}

/** An open file, as a thread needs it to read from it. */
export interface ReadableFile {
  /** Of the process: any thread may read. Nobody relies on its position. */
  readonly descriptor: number
  /** When it was opened; no more is read. A log that grows meanwhile gives a whole prefix and is marked as changed. */
  readonly sizeBytes: number
  readonly mayHaveHoles: boolean
}

export interface LargeFile extends ReadableFile {
  readonly before: FileStatus
}

/**
 * Opens a file of any size. The caller closes the descriptor.
 *
 * @throws the file system's error; {@link NotRegularError}
 */
export function openLargeFile(directory: number, name: Uint8Array): LargeFile {
  const descriptor = posix.openFile(directory, name, openFlags)
  return closeOnError(descriptor, () => {
    const records = createStatRecords(1)
    posix.fstat(descriptor, records.bytes)
    const before = readStatus(records.view, 0)
    if ((before.mode & FILE_TYPE.mask) !== FILE_TYPE.regular) throw new NotRegularError()
    const { sizeBytes } = before
    return { descriptor, sizeBytes, mayHaveHoles: before.blocks * 512 < sizeBytes, before }
  })
}

/**
 * Looks at a file that was read.
 *
 * @param readBytes what was read of it: fewer than its size when it shrank
 * @throws the file system's error
 */
export function endReading(
  { descriptor, before }: LargeFile,
  readBytes: number,
): { readonly records: StatRecords; readonly hasChanged: boolean } {
  const records = createStatRecords(1)
  posix.fstat(descriptor, records.bytes)
  const after = readStatus(records.view, 0)
  return { records, hasChanged: readBytes !== before.sizeBytes || isTouched(before, after) }
}

/**
 * The errno of a fault of a source file.
 *
 * @throws the error itself when it is none of the file system's
 */
export function sourceErrno(error: unknown): number {
  if (error instanceof NotRegularError) return errnoEinval
  const { errno } = error as { errno?: unknown }
  if (typeof errno !== 'number') throw error
  return Math.abs(errno)
}

function isTouched(before: FileStatus, after: FileStatus): boolean {
  return (
    before.sizeBytes !== after.sizeBytes ||
    before.mtimeSec !== after.mtimeSec ||
    before.mtimeNsec !== after.mtimeNsec ||
    before.ctimeSec !== after.ctimeSec ||
    before.ctimeNsec !== after.ctimeNsec
  )
}
