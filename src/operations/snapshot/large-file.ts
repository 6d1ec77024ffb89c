import { constants } from 'node:fs'
import { closeUnwritten } from '../../filesystem/posix/close-unwritten.ts'
import { fileStatus } from '../../filesystem/posix/file-status.ts'
import { posix } from '../../filesystem/posix/posix.ts'
import {
  createStatRecords,
  FILE_TYPE,
  readStatus,
  type FileStatus,
} from '../../filesystem/posix/stat-record.ts'
import type { Chunker } from '../../format/chunker/chunker.ts'
import type { FileContent } from './file-content.ts'

const openFlags =
  constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOATIME

/** Thrown when something else stands under the name now. */
export class NotRegularError extends Error {}

export interface LargeFileResult {
  /** After reading; `sizeBytes` is what was read, whatever the file system says now. */
  readonly status: FileStatus
  /** The status record itself. */
  readonly record: Uint8Array
  readonly hasChanged: boolean
  readonly descriptor: number
}

/**
 * Reads a file of any size through the chunker's window and hands every chunk on; holes are noted and not read.
 *
 * It reads what the file held when it was opened: a log that grows meanwhile gives a whole prefix and is marked as changed. The
 * caller closes the descriptor.
 *
 * @throws the file system's error; whatever `onChunk` throws
 */
export function readLargeFile(
  directory: number,
  name: Uint8Array,
  chunker: Chunker,
  content: FileContent,
  onChunk: (bytes: Uint8Array) => void,
): LargeFileResult {
  const descriptor = posix.openFile(directory, name, openFlags)
  try {
    const records = createStatRecords(1)
    posix.fstat(descriptor, records.bytes)
    const before = readStatus(records.view, 0)
    if ((before.mode & FILE_TYPE.mask) !== FILE_TYPE.regular) throw new NotRegularError()
    const readBytes = readRanges(descriptor, before, chunker, content, onChunk)
    posix.fstat(descriptor, records.bytes)
    const after = readStatus(records.view, 0)
    return {
      status: { ...after, sizeBytes: readBytes },
      record: records.bytes,
      hasChanged: readBytes !== before.sizeBytes || isTouched(before, after),
      descriptor,
    }
  } catch (error) {
    closeUnwritten(descriptor)
    throw error
  }
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

/** @returns the bytes covered: fewer than the size when the file shrank */
function readRanges(
  descriptor: number,
  before: FileStatus,
  chunker: Chunker,
  content: FileContent,
  onChunk: (bytes: Uint8Array) => void,
): number {
  const { sizeBytes } = before
  const mayHaveHoles = before.blocks * 512 < sizeBytes
  if (!mayHaveHoles) return readRange(descriptor, 0, sizeBytes, chunker, onChunk)
  let position = 0
  while (position < sizeBytes) {
    const dataStart = posix.seekData(descriptor, position)
    if (dataStart < 0 || dataStart >= sizeBytes) {
      // No data may also mean that the file was cut off meanwhile: zeros that were never in it must not be stored.
      const end = Math.min(sizeBytes, Math.max(position, fileStatus(descriptor).sizeBytes))
      content.appendHole(end - position)
      return end
    }
    content.appendHole(dataStart - position)
    const hole = posix.seekHole(descriptor, dataStart)
    const dataEnd = hole < 0 ? sizeBytes : Math.min(hole, sizeBytes)
    const end = readRange(descriptor, dataStart, dataEnd, chunker, onChunk)
    if (end < dataEnd) return end
    position = dataEnd
  }
  return sizeBytes
}

/** @returns where the reading ended: before `end` when the file shrank */
function readRange(
  descriptor: number,
  start: number,
  end: number,
  chunker: Chunker,
  onChunk: (bytes: Uint8Array) => void,
): number {
  const window = chunker.memory
  let held = 0
  let position = start
  while (position < end || held > 0) {
    const wanted = Math.min(chunker.capacityBytes - held, end - position)
    const got = wanted > 0 ? posix.read(descriptor, window, held, wanted, position) : 0
    held += got
    position += got
    const isEnd = position >= end || got < wanted
    const cut = cutWindow(chunker, held, isEnd, onChunk)
    window.copyWithin(0, cut, held)
    held -= cut
    if (isEnd) return position
  }
  return position
}

/** @returns how much of the window was cut off as chunks */
function cutWindow(
  chunker: Chunker,
  heldBytes: number,
  isEnd: boolean,
  onChunk: (bytes: Uint8Array) => void,
): number {
  let offset = 0
  while (offset < heldBytes) {
    const cut = chunker.nextCut(offset, heldBytes, isEnd)
    if (cut < 0) break
    onChunk(chunker.memory.subarray(offset, cut))
    offset = cut
  }
  return offset
}
