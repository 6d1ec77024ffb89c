import { closeUnwritten } from '../../filesystem/posix/close-unwritten.ts'
import { posix } from '../../filesystem/posix/posix.ts'
import { READ_REQUEST_BYTES, READ_REQUEST_OFFSET } from '../../filesystem/posix/small-file-batch.ts'
import {
  createStatRecords,
  READ_FLAG,
  readSafeInt64,
  readSafeUint64,
  STAT_OFFSET,
  STAT_RECORD_BYTES,
} from '../../filesystem/posix/stat-record.ts'
import { createChunker, type Chunker } from '../../format/chunker/chunker.ts'
import { flagChangedWhileRead, flagHardLinked, flagRacy } from '../../format/tree/entry-flags.ts'
import { encodeExtras } from '../../format/tree/extras.ts'
import type { BlobStore } from '../../repository/blob-store.ts'
import { FormerContent } from '../../repository/former-content.ts'
import type { RepositoryContext } from '../../repository/repository-context.ts'
import { FileContent } from './file-content.ts'
import { NotRegularError, readLargeFile } from './large-file.ts'
import { isRacy } from './racy-time.ts'
import { FileResultBuilder, fileOutcome, type ReadBatch } from './read-batch.ts'

/** Files from here on are read through the window; smaller ones many at a time. In bytes. */
const largeFileBytes = 1024 * 1024
/** The window into which files are read and in which they are chunked: two of the longest usual chunks and more. */
const windowBytesMin = 4 * 1024 * 1024
/** Below this size a hole saves nothing. */
const sparseBytesMin = 64 * 1024
const errnoEnoent = 2
const errnoEinval = 22

/** `isOfAnother`: the name leads to another file than the one that was read. */
interface Attributes {
  readonly extras: Buffer | null
  readonly isOfAnother: boolean
}
const noAttributes: Attributes = { extras: null, isOfAnother: false }

const noIds = new Uint8Array(0)
const emptyRecord = new Uint8Array(STAT_RECORD_BYTES)

/**
 * Reads batches of files, chunks them and stores what is new. For one thread.
 *
 * A fault of a source file becomes that file's result; a fault of the repository is thrown and ends the run.
 */
export class FileStorer {
  readonly #store: BlobStore
  readonly #chunker: Chunker
  readonly #content: FileContent
  readonly #former = new FormerContent()
  readonly #results = new FileResultBuilder()
  readonly #statusNow = createStatRecords(1)
  #records = new Uint8Array(0)
  #recordView = new DataView(this.#records.buffer)
  #recordWords = new Uint32Array(0)

  constructor(context: RepositoryContext, store: BlobStore) {
    this.#store = store
    const parameters = { averageBytes: context.chunkAverageBytes }
    const windowBytes = Math.max(windowBytesMin, context.chunkAverageBytes * 24)
    this.#chunker = createChunker(parameters, context.keys.chunkerSecret, windowBytes)
    this.#content = new FileContent((bytes) => store.storeTree(bytes))
  }

  /** @returns one result for each file (read-batch.ts), in order */
  storeBatch(batch: ReadBatch): Buffer<ArrayBuffer> {
    this.#reserveRecords(batch.count)
    const requests = new DataView(batch.requests.buffer, batch.requests.byteOffset)
    const expected = (file: number): number =>
      requests.getUint32(file * READ_REQUEST_BYTES + READ_REQUEST_OFFSET.expectedBytes, true)
    let file = 0
    while (file < batch.count) {
      if (expected(file) >= largeFileBytes) {
        this.#storeLarge(batch, requests, file)
        file += 1
        continue
      }
      let end = file + 1
      if (expected(file) < sparseBytesMin) {
        while (end < batch.count && expected(end) < sparseBytesMin) end += 1
      }
      file = this.#storeSmall(batch, requests, file, end)
    }
    return this.#results.take()
  }

  /**
   * Reads files into the window and chunks them there.
   *
   * @returns the first file that is not done
   */
  #storeSmall(batch: ReadBatch, requests: DataView, start: number, end: number): number {
    const readAtMs = Date.now()
    const { memory } = this.#chunker
    const window = memory.subarray(0, this.#chunker.capacityBytes)
    const done = posix.readSmallFiles(
      batch.requests,
      batch.names,
      this.#records,
      start,
      end,
      window,
      0,
    )
    if (done === start) {
      this.#storeLarge(batch, requests, start)
      return start + 1
    }
    let offset = 0
    for (let file = start; file < done; file++) {
      const words = (file * STAT_RECORD_BYTES) / 4
      const contentBytes = this.#recordWords[words + STAT_OFFSET.contentBytes / 4]
      const flags = this.#recordWords[words + STAT_OFFSET.flags / 4]
      const errno = this.#recordWords[words + STAT_OFFSET.status / 4]
      if (errno !== 0) this.#fail(errno)
      else if ((flags & READ_FLAG.more) !== 0 || this.#looksSparse(file)) {
        this.#storeLarge(batch, requests, file)
        // That went through the window, so what was read ahead of the next files is gone.
        return file + 1
      } else {
        this.#content.reset()
        this.#recall(batch, file)
        this.#chunkWindow(offset, offset + contentBytes)
        this.#setSize(this.#recordView, file * STAT_RECORD_BYTES, contentBytes)
        const changed = (flags & READ_FLAG.changed) !== 0
        this.#succeed(batch, requests, file, { readAtMs, changed })
      }
      offset += contentBytes
    }
    return done
  }

  #chunkWindow(start: number, end: number): void {
    const { memory } = this.#chunker
    let offset = start
    while (offset < end) {
      const cut = this.#chunker.nextCut(offset, end, true)
      const id = this.#store.storeData(memory.subarray(offset, cut), this.#former)
      this.#content.append(id, cut - offset)
      offset = cut
    }
    this.#content.finish()
  }

  #recall({ former }: ReadBatch, file: number): void {
    const start = former && file > 0 ? former.ends[file - 1] : 0
    this.#former.become(former ? former.ids.subarray(start, former.ends[file]) : noIds)
  }

  #looksSparse(file: number): boolean {
    const at = file * STAT_RECORD_BYTES
    const size = readSafeUint64(this.#recordView, at + STAT_OFFSET.size)
    if (size < sparseBytesMin) return false
    return readSafeUint64(this.#recordView, at + STAT_OFFSET.blocks) * 512 < size
  }

  #storeLarge(batch: ReadBatch, requests: DataView, file: number): void {
    const at = file * READ_REQUEST_BYTES
    const directory = requests.getInt32(at + READ_REQUEST_OFFSET.directory, true)
    const readAtMs = Date.now()
    this.#content.reset()
    this.#recall(batch, file)
    let repositoryFault: unknown
    try {
      const result = readLargeFile(
        directory,
        this.#nameOf(batch, requests, file),
        this.#chunker,
        this.#content,
        (bytes) => {
          try {
            this.#content.append(this.#store.storeData(bytes, this.#former), bytes.length)
          } catch (error) {
            repositoryFault = error
            throw error
          }
        },
      )
      closeUnwritten(result.descriptor)
      this.#content.finish()
      this.#records.set(result.record, file * STAT_RECORD_BYTES)
      this.#setSize(this.#recordView, file * STAT_RECORD_BYTES, this.#content.totalBytes)
      this.#succeed(batch, requests, file, { readAtMs, changed: result.hasChanged })
    } catch (error) {
      // Only errors of the file system's calls are the file's own; anything from the repository ends the run.
      const errno = (error as { errno?: unknown }).errno
      if (
        repositoryFault !== undefined ||
        (typeof errno !== 'number' && !(error instanceof NotRegularError))
      ) {
        throw error
      }
      this.#fail(typeof errno === 'number' ? Math.abs(errno) : errnoEinval)
    }
  }

  #nameOf(batch: ReadBatch, requests: DataView, file: number): Uint8Array {
    const at = file * READ_REQUEST_BYTES
    const start = requests.getUint32(at + READ_REQUEST_OFFSET.nameOffset, true)
    const length = requests.getUint32(at + READ_REQUEST_OFFSET.nameBytes, true)
    return batch.names.subarray(start, start + length)
  }

  #succeed(
    batch: ReadBatch,
    requests: DataView,
    file: number,
    reading: { readAtMs: number; changed: boolean },
  ): void {
    let attributes: Attributes
    try {
      attributes = this.#attributes(batch, requests, file)
    } catch (error) {
      const { errno } = error as { errno?: unknown }
      if (typeof errno !== 'number') throw error
      this.#fail(Math.abs(errno))
      return
    }
    const at = file * STAT_RECORD_BYTES
    const view = this.#recordView
    const isStampRacy = isRacy(reading.readAtMs, {
      mtimeSec: readSafeInt64(view, at + STAT_OFFSET.mtimeSec),
      mtimeNsec: view.getUint32(at + STAT_OFFSET.mtimeNsec, true),
      ctimeSec: readSafeInt64(view, at + STAT_OFFSET.ctimeSec),
      ctimeNsec: view.getUint32(at + STAT_OFFSET.ctimeNsec, true),
    })
    const entryFlags =
      (isStampRacy ? flagRacy : 0) |
      (reading.changed || attributes.isOfAnother ? flagChangedWhileRead : 0) |
      (view.getUint32(at + STAT_OFFSET.nlink, true) > 1 ? flagHardLinked : 0) |
      (this.#content.depth << 4)
    this.#results.add(
      { outcome: fileOutcome.stored, entryFlags, errno: 0 },
      { bytes: this.#records, offset: at },
      this.#content,
      attributes.extras,
    )
  }

  /**
   * Extended attributes, which are read by name after the content. Those of another file that has the name by now must not go with
   * this content.
   *
   * @throws the file system's error; ENOENT when the name is gone
   */
  #attributes(batch: ReadBatch, requests: DataView, file: number): Attributes {
    const at = file * STAT_RECORD_BYTES
    if (this.#recordView.getUint32(at + STAT_OFFSET.xattrListBytes, true) === 0) return noAttributes
    const directory = requests.getInt32(
      file * READ_REQUEST_BYTES + READ_REQUEST_OFFSET.directory,
      true,
    )
    const name = this.#nameOf(batch, requests, file)
    const attributes = posix.getXattrsAt(directory, name)
    posix.statAt(directory, name, this.#statusNow.bytes)
    if (!isSameFile(this.#recordView, at, this.#statusNow.view)) {
      return { extras: null, isOfAnother: true }
    }
    return attributes.length === 0
      ? noAttributes
      : { extras: encodeExtras({ attributes }), isOfAnother: false }
  }

  #fail(errno: number): void {
    this.#content.reset()
    this.#results.add(
      {
        outcome: errno === errnoEnoent ? fileOutcome.vanished : fileOutcome.failed,
        entryFlags: 0,
        errno,
      },
      { bytes: emptyRecord, offset: 0 },
      this.#content,
      null,
    )
  }

  /** The size of an entry is what was stored, not what the file system said before or after. */
  #setSize(view: DataView, at: number, sizeBytes: number): void {
    view.setUint32(at + STAT_OFFSET.size, sizeBytes % 0x1_0000_0000, true)
    view.setUint32(at + STAT_OFFSET.size + 4, Math.floor(sizeBytes / 0x1_0000_0000), true)
  }

  #reserveRecords(count: number): void {
    if (this.#records.length >= count * STAT_RECORD_BYTES) return
    this.#records = new Uint8Array(count * STAT_RECORD_BYTES)
    this.#recordView = new DataView(this.#records.buffer)
    this.#recordWords = new Uint32Array(this.#records.buffer)
  }
}

function isSameFile(view: DataView, at: number, now: DataView): boolean {
  const fields = [STAT_OFFSET.ino, STAT_OFFSET.ino + 4, STAT_OFFSET.devMajor, STAT_OFFSET.devMinor]
  return fields.every((field) => view.getUint32(at + field, true) === now.getUint32(field, true))
}
