import { closeUnwritten } from '../../filesystem/posix/close-unwritten.ts'
import { posix } from '../../filesystem/posix/posix.ts'
import { READ_REQUEST_BYTES, READ_REQUEST_OFFSET } from '../../filesystem/posix/small-file-batch.ts'
import {
  READ_FLAG,
  readSafeUint64,
  STAT_OFFSET,
  STAT_RECORD_BYTES,
} from '../../filesystem/posix/stat-record.ts'
import { createChunker, type Chunker } from '../../format/chunker/chunker.ts'
import { idBytes } from '../../model/ids.ts'
import type { BlobStore } from '../../repository/blob-store.ts'
import { FormerContent } from '../../repository/former-content.ts'
import type { RepositoryContext } from '../../repository/repository-context.ts'
import { FileContent } from '../../repository/file-content.ts'
import { FileOutcomes } from './file-outcomes.ts'
import { holeOffset, readPiece, type FilePiece } from './file-piece.ts'
import { openLargeFile, sourceErrno, type LargeFile, type ReadableFile } from './large-file.ts'
import { directoryOf, formerIdsOf, nameOf, type ReadBatch } from './read-batch.ts'
import { newPieceReferences, type PieceCut, type PieceRequest } from './relay.ts'

/** Files from here on are read through the window; smaller ones many at a time. In bytes. */
const largeFileBytes = 1024 * 1024
/** The window into which files are read and in which they are chunked: two of the longest usual chunks and more. */
const windowBytesMin = 4 * 1024 * 1024
/** Below this size a hole saves nothing. */
const sparseBytesMin = 64 * 1024

/**
 * Reads batches of files, or pieces of a large one, chunks them and stores what is new. For one thread.
 *
 * A fault of a source file becomes that file's result; a fault of the repository is thrown and ends the run.
 */
export class FileStorer {
  readonly #store: BlobStore
  readonly #chunker: Chunker
  readonly #content: FileContent
  readonly #former = new FormerContent()
  readonly #outcomes = new FileOutcomes()
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
        this.#storeLarge(batch, file)
        file += 1
        continue
      }
      let end = file + 1
      if (expected(file) < sparseBytesMin) {
        while (end < batch.count && expected(end) < sparseBytesMin) end += 1
      }
      file = this.#storeSmall(batch, file, end)
    }
    return this.#outcomes.take()
  }

  /**
   * Stores a piece of a file that other threads read, too.
   *
   * @param onCut told before anything is stored; when it is told of a fault of the source there are no references
   * @returns the references (relay.ts)
   */
  storePiece(request: PieceRequest, onCut: (cut: PieceCut) => void): Uint8Array<ArrayBuffer> {
    const { number, file, position } = request
    const piece = this.#readPiece(file, position)
    if (typeof piece === 'number') {
      onCut({ number, end: position, isLast: true, errno: piece })
      return new Uint8Array(0)
    }
    onCut({ number, end: piece.end, isLast: piece.isLast, errno: 0 })
    this.#former.become(request.former)
    const references = newPieceReferences(piece.lengths.length)
    references.lengths.set(piece.lengths)
    for (let item = 0; item < piece.offsets.length; item++) {
      const id = this.#storeChunk(piece, item)
      if (id) references.ids.set(id, item * idBytes)
    }
    return references.bytes
  }

  /**
   * Reads files into the window and chunks them there.
   *
   * @returns the first file that is not done
   */
  #storeSmall(batch: ReadBatch, start: number, end: number): number {
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
      this.#storeLarge(batch, start)
      return start + 1
    }
    let offset = 0
    for (let file = start; file < done; file++) {
      const words = (file * STAT_RECORD_BYTES) / 4
      const contentBytes = this.#recordWords[words + STAT_OFFSET.contentBytes / 4]
      const flags = this.#recordWords[words + STAT_OFFSET.flags / 4]
      const errno = this.#recordWords[words + STAT_OFFSET.status / 4]
      if (errno !== 0) this.#outcomes.addFailed(errno)
      else if ((flags & READ_FLAG.more) !== 0 || this.#looksSparse(file)) {
        this.#storeLarge(batch, file)
        // That went through the window, so what was read ahead of the next files is gone.
        return file + 1
      } else {
        this.#content.reset()
        this.#former.become(formerIdsOf(batch, file))
        this.#chunkWindow(offset, offset + contentBytes)
        const status = {
          bytes: this.#records,
          view: this.#recordView,
          offset: file * STAT_RECORD_BYTES,
        }
        const hasChanged = (flags & READ_FLAG.changed) !== 0
        this.#outcomes.addStored(batch, file, status, this.#content, { readAtMs, hasChanged })
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

  #looksSparse(file: number): boolean {
    const at = file * STAT_RECORD_BYTES
    const size = readSafeUint64(this.#recordView, at + STAT_OFFSET.size)
    if (size < sparseBytesMin) return false
    return readSafeUint64(this.#recordView, at + STAT_OFFSET.blocks) * 512 < size
  }

  #storeLarge(batch: ReadBatch, file: number): void {
    const readAtMs = Date.now()
    let large: LargeFile
    try {
      large = openLargeFile(directoryOf(batch, file), nameOf(batch, file))
    } catch (error) {
      this.#outcomes.addFailed(sourceErrno(error))
      return
    }
    try {
      this.#content.reset()
      this.#former.become(formerIdsOf(batch, file))
      const errno = this.#storePieces(large)
      if (errno === 0) this.#outcomes.addLarge(batch, file, { large, readAtMs }, this.#content)
      else this.#outcomes.addFailed(errno)
    } finally {
      closeUnwritten(large.descriptor)
    }
  }

  /** @returns 0, or why the file could not be read to its end */
  #storePieces(file: ReadableFile): number {
    for (let position = 0; ;) {
      const piece = this.#readPiece(file, position)
      if (typeof piece === 'number') return piece
      for (let item = 0; item < piece.offsets.length; item++) {
        const id = this.#storeChunk(piece, item)
        if (id) this.#content.append(id, piece.lengths[item])
        else this.#content.appendHole(piece.lengths[item])
      }
      if (piece.isLast) return 0
      position = piece.end
    }
  }

  /** @returns the errno when it cannot be read */
  #readPiece(file: ReadableFile, position: number): FilePiece | number {
    try {
      return readPiece(file, position, this.#chunker)
    } catch (error) {
      return sourceErrno(error)
    }
  }

  /** @returns the id; null for a hole */
  #storeChunk({ offsets, lengths }: FilePiece, item: number): Buffer | null {
    const offset = offsets[item]
    if (offset === holeOffset) return null
    const bytes = this.#chunker.memory.subarray(offset, offset + lengths[item])
    return this.#store.storeData(bytes, this.#former)
  }

  #reserveRecords(count: number): void {
    if (this.#records.length >= count * STAT_RECORD_BYTES) return
    this.#records = new Uint8Array(count * STAT_RECORD_BYTES)
    this.#recordView = new DataView(this.#records.buffer)
    this.#recordWords = new Uint32Array(this.#records.buffer)
  }
}
