import { posix } from '../../filesystem/posix/posix.ts'
import {
  createStatRecords,
  readSafeInt64,
  STAT_OFFSET,
  STAT_RECORD_BYTES,
} from '../../filesystem/posix/stat-record.ts'
import { flagChangedWhileRead, flagHardLinked, flagRacy } from '../../format/tree/entry-flags.ts'
import { encodeExtras } from '../../format/tree/extras.ts'
import type { FileContent } from '../../repository/file-content.ts'
import { endReading, sourceErrno, type LargeFile } from './large-file.ts'
import { isRacy } from './racy-time.ts'
import {
  directoryOf,
  FileResultBuilder,
  fileOutcome,
  nameOf,
  type ReadBatch,
} from './read-batch.ts'

const errnoEnoent = 2

/** `isOfAnother`: the name leads to another file than the one that was read. */
interface Attributes {
  readonly extras: Buffer | null
  readonly isOfAnother: boolean
}
const noAttributes: Attributes = { extras: null, isOfAnother: false }

const emptyRecord = new Uint8Array(STAT_RECORD_BYTES)
const noContent = { count: 0, lengths: new Float64Array(0), ids: Buffer.alloc(0) }

/** A status record, taken after reading. */
export interface StatusRecord {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly offset: number
}

export interface Reading {
  /** Wall clock before the first byte was read. */
  readonly readAtMs: number
  readonly hasChanged: boolean
}

/** Says of files that were read, or could not be, what their entries say. */
export class FileOutcomes {
  readonly #results = new FileResultBuilder()
  readonly #statusNow = createStatRecords(1)

  /** @param file its number in the batch */
  addStored(
    batch: ReadBatch,
    file: number,
    status: StatusRecord,
    content: FileContent,
    reading: Reading,
  ): void {
    let attributes: Attributes
    try {
      attributes = this.#attributes(batch, file, status)
    } catch (error) {
      this.addFailed(sourceErrno(error))
      return
    }
    const { view, offset } = status
    // The size of an entry is what was stored, not what the file system said before or after.
    setSize(view, offset, content.totalBytes)
    const isStampRacy = isRacy(reading.readAtMs, {
      mtimeSec: readSafeInt64(view, offset + STAT_OFFSET.mtimeSec),
      mtimeNsec: view.getUint32(offset + STAT_OFFSET.mtimeNsec, true),
      ctimeSec: readSafeInt64(view, offset + STAT_OFFSET.ctimeSec),
      ctimeNsec: view.getUint32(offset + STAT_OFFSET.ctimeNsec, true),
    })
    const entryFlags =
      (isStampRacy ? flagRacy : 0) |
      (reading.hasChanged || attributes.isOfAnother ? flagChangedWhileRead : 0) |
      (view.getUint32(offset + STAT_OFFSET.nlink, true) > 1 ? flagHardLinked : 0) |
      (content.depth << 4)
    this.#results.add(
      { outcome: fileOutcome.stored, entryFlags, errno: 0 },
      status,
      content,
      attributes.extras,
    )
  }

  /** Of one that was opened by itself, and read as far as the content says. */
  addLarge(
    batch: ReadBatch,
    file: number,
    { large, readAtMs }: { large: LargeFile; readAtMs: number },
    content: FileContent,
  ): void {
    content.finish()
    let end: ReturnType<typeof endReading>
    try {
      end = endReading(large, content.totalBytes)
    } catch (error) {
      this.addFailed(sourceErrno(error))
      return
    }
    const { records, hasChanged } = end
    this.addStored(batch, file, { ...records, offset: 0 }, content, { readAtMs, hasChanged })
  }

  addFailed(errno: number): void {
    const outcome = errno === errnoEnoent ? fileOutcome.vanished : fileOutcome.failed
    const status = { bytes: emptyRecord, offset: 0 }
    this.#results.add({ outcome, entryFlags: 0, errno }, status, noContent, null)
  }

  /** @returns one result for each file (read-batch.ts), in order */
  take(): Buffer<ArrayBuffer> {
    return this.#results.take()
  }

  /**
   * Extended attributes, which are read by name after the content. Those of another file that has the name by now must not go with
   * this content.
   *
   * @throws the file system's error; ENOENT when the name is gone
   */
  #attributes(batch: ReadBatch, file: number, { view, offset }: StatusRecord): Attributes {
    if (view.getUint32(offset + STAT_OFFSET.xattrListBytes, true) === 0) return noAttributes
    const directory = directoryOf(batch, file)
    const name = nameOf(batch, file)
    const attributes = posix.getXattrsAt(directory, name)
    posix.statAt(directory, name, this.#statusNow.bytes)
    if (!isSameFile(view, offset, this.#statusNow.view)) return { extras: null, isOfAnother: true }
    return attributes.length === 0
      ? noAttributes
      : { extras: encodeExtras({ attributes }), isOfAnother: false }
  }
}

function setSize(view: DataView, at: number, sizeBytes: number): void {
  view.setUint32(at + STAT_OFFSET.size, sizeBytes % 0x1_0000_0000, true)
  view.setUint32(at + STAT_OFFSET.size + 4, Math.floor(sizeBytes / 0x1_0000_0000), true)
}

function isSameFile(view: DataView, at: number, now: DataView): boolean {
  const fields = [STAT_OFFSET.ino, STAT_OFFSET.ino + 4, STAT_OFFSET.devMajor, STAT_OFFSET.devMinor]
  return fields.every((field) => view.getUint32(at + field, true) === now.getUint32(field, true))
}
