import { createChunker, type Chunker } from '../../format/chunker/chunker.ts'
import { isHoleId } from '../../format/tree/content-list.ts'
import { ContentReader, type FileContentSource } from '../../format/tree/content-reader.ts'
import { idBytes } from '../../model/ids.ts'
import type { BlobLocations } from '../../catalogue/blob-location.ts'
import type { BlobSession } from '../../repository/blob-session.ts'
import { FileContent } from '../../repository/file-content.ts'
import { isLoss } from '../../repository/loss.ts'
import type { RepositoryContext } from '../../repository/repository-context.ts'
import { blobKinds } from '../../repository/segment-buffer.ts'
import { StreamCutter } from '../../repository/stream-cutter.ts'
import { openWorkerBlobs, type WorkerBlobs } from '../../repository/worker-blobs.ts'
import {
  ReferenceColumns,
  type ContentBatch,
  type CopiedContents,
  type LostContent,
} from './content-batch.ts'
import {
  newPieceReply,
  type PieceCut,
  type PieceReply,
  type PieceRequest,
} from './content-piece.ts'

/** Files up to this size are read many at a time, so that each segment is opened once for all of them. In bytes. */
const smallFileBytesMax = 1024 * 1024
/** The window in which contents are cut; as in a backup. */
const windowBytesMin = 4 * 1024 * 1024
/** Decoded segments of the source that one thread keeps: files of one directory share them. In bytes. */
const segmentCacheBytes = 8 * 1024 * 1024
/** A pack has at most so many segments. */
const segmentsPerPack = 65_536

/** A chunk of the source and where it goes in the window. */
interface WantedChunk {
  readonly file: number
  /** Of the batch's references. */
  readonly item: number
  readonly offset: number
}

/** Reads contents from one repository and stores them in another: read → check → cut → hash → known? → segment. For one thread. */
export class ContentCopier {
  readonly #blobs: WorkerBlobs
  readonly #session: BlobSession
  readonly #chunker: Chunker
  readonly #content: FileContent
  readonly #copied = new ReferenceColumns()
  readonly #onBytes: (bytes: number) => void
  #lost: LostContent[] = []

  /** @param onBytes told of what is read on the way through a large file */
  constructor(
    context: { readonly source: RepositoryContext; readonly target: RepositoryContext },
    session: BlobSession,
    onBytes: (bytes: number) => void,
  ) {
    const { chunkAverageBytes, keys } = context.target
    const windowBytes = Math.max(windowBytesMin, chunkAverageBytes * 24)
    this.#chunker = createChunker(
      { averageBytes: chunkAverageBytes },
      keys.chunkerSecret,
      windowBytes,
    )
    this.#session = session
    this.#content = new FileContent((bytes) => session.store.storeTree(bytes))
    this.#onBytes = onBytes
    this.#blobs = openWorkerBlobs(context.source, segmentCacheBytes)
  }

  /**
   * @returns for each file its references in the target, or why there are none
   * @throws {RepositoryError} when the target, or the source's storage as a whole, fails
   */
  async copy(batch: ContentBatch): Promise<CopiedContents> {
    this.#lost = []
    const starts = startsOf(batch.counts)
    const locations = this.#blobs.findMany(batch.ids)
    const look: Look = { batch, starts, locations }
    let file = 0
    while (file < batch.counts.length) {
      const end = this.#endOfGroup(look, file)
      if (end > file) {
        this.#copySmall(look, file, end)
        file = end
      } else {
        await this.#copyLarge(look, file)
        file += 1
      }
    }
    await this.#session.packs.settle()
    return { ...this.#copied.take(), lost: this.#lost }
  }

  async close(): Promise<void> {
    await this.#blobs.close()
  }

  /** @returns behind the last small file that has room in the window together with the first; `first` when that is none */
  #endOfGroup({ batch, starts }: Look, first: number): number {
    let bytes = 0
    let file = first
    for (; file < batch.counts.length; file++) {
      const size = batch.sizes[file]
      if (size > smallFileBytesMax || batch.depths[file] > 0) break
      if (bytes + size > this.#chunker.capacityBytes) break
      if (namesHole(batch.ids, starts[file], batch.counts[file])) break
      bytes += size
    }
    return file
  }

  /** Brings the contents of several files into the window, segment by segment, and cuts them there. */
  #copySmall(look: Look, first: number, end: number): void {
    const { batch, starts } = look
    const wanted: WantedChunk[] = []
    const ends: number[] = []
    let offset = 0
    for (let file = first; file < end; file++) {
      for (let item = starts[file]; item < starts[file] + batch.counts[file]; item++) {
        wanted.push({ file, item, offset })
        offset += batch.lengths[item]
      }
      ends.push(offset)
    }
    const lost = this.#readInto(look, wanted)
    let start = 0
    for (let file = first; file < end; file++) {
      const contentEnd = ends[file - first]
      const message = lost.get(file)
      if (message === undefined) this.#cut(start, contentEnd)
      else this.#lose(file, message)
      start = contentEnd
    }
  }

  /** @returns why files are lost, by file */
  #readInto(look: Look, wanted: readonly WantedChunk[]): Map<number, string> {
    const { memory } = this.#chunker
    const lost = new Map<number, string>()
    for (const { file, item, offset } of inOrderOfSegments(wanted, look.locations)) {
      if (lost.has(file)) continue
      try {
        memory.set(this.#read(look, item), offset)
      } catch (error) {
        if (!isLoss(error)) throw error
        lost.set(file, error.message)
      }
    }
    return lost
  }

  /** A chunk of the source, which was hashed; valid until the next call. */
  #read({ batch, locations }: Look, item: number): Buffer {
    const { reader } = this.#blobs
    const id = batch.ids.subarray(item * idBytes, (item + 1) * idBytes)
    const location = this.#blobs.locationAt(locations, item)
    const lengthBytes = batch.lengths[item]
    return location
      ? reader.readAt(location, blobKinds.data, id, lengthBytes)
      : reader.read(blobKinds.data, id, lengthBytes)
  }

  #cut(start: number, end: number): void {
    const { memory } = this.#chunker
    this.#content.reset()
    let offset = start
    while (offset < end) {
      const cut = this.#chunker.nextCut(offset, end, true)
      const id = this.#session.store.storeData(memory.subarray(offset, cut))
      this.#content.append(id, cut - offset)
      offset = cut
    }
    this.#content.finish()
    this.#copied.add(this.#content)
  }

  async #copyLarge(look: Look, file: number): Promise<void> {
    try {
      await this.#streamThrough(sourceOf(look, file))
    } catch (error) {
      if (!isLoss(error)) throw error
      this.#lose(file, error.message)
      return
    }
    this.#copied.add(this.#content)
  }

  async #streamThrough(source: FileContentSource): Promise<void> {
    const { reader, lists } = this.#blobs
    this.#content.reset()
    const cutter = new StreamCutter(this.#chunker, this.#content, this.#session.store)
    const chunks = new ContentReader(source, (id) => lists.readList(id))
    let passed = 0
    while (chunks.next()) {
      if (chunks.isHole) {
        cutter.end()
        this.#content.appendHole(chunks.bytes)
      } else cutter.push(reader.read(blobKinds.data, chunks.id, chunks.bytes))
      passed += chunks.bytes
      if (passed < windowBytesMin) continue
      await this.#session.packs.settle()
      this.#onBytes(passed)
      passed = 0
    }
    this.#onBytes(passed)
    cutter.end()
    this.#content.finish()
  }

  /**
   * Copies a piece of a long content of which other threads copy others.
   *
   * @param onCut told before anything is stored
   * @throws {RepositoryError} as `copy`
   */
  async copyPiece(request: PieceRequest, onCut: (cut: PieceCut) => void): Promise<PieceReply> {
    const { number, content, position } = request
    let piece: CutPiece
    try {
      piece = this.#cutPiece(content, position)
    } catch (error) {
      if (!isLoss(error)) throw error
      onCut({ number, end: position, isLast: true })
      return { ...newPieceReply(0), lost: error.message }
    }
    onCut({ number, end: piece.end, isLast: piece.isLast })
    const { offsets, lengths } = piece
    const reply = newPieceReply(lengths.length)
    reply.lengths.set(lengths)
    for (const [item, offset] of offsets.entries()) {
      if (offset === holeOffset) continue
      const bytes = this.#chunker.memory.subarray(offset, offset + lengths[item])
      reply.ids.set(this.#session.store.storeData(bytes), item * idBytes)
    }
    await this.#session.packs.settle()
    return reply
  }

  /** Fills the window from the position on and cuts what is in it. What has no end in it is read again with the next piece. */
  #cutPiece(content: ContentBatch, position: number): CutPiece {
    const { memory, capacityBytes } = this.#chunker
    const piece: CutPiece = { offsets: [], lengths: [], end: position, isLast: false }
    const add = (offset: number, length: number): void => {
      piece.offsets.push(offset)
      piece.lengths.push(length)
      piece.end += length
    }
    let [cutUpTo, held] = [0, 0]
    const cutHeld = (isEnd: boolean): void => {
      while (cutUpTo < held) {
        const cut = this.#chunker.nextCut(cutUpTo, held, isEnd)
        if (cut < 0) return
        add(cutUpTo, cut - cutUpTo)
        cutUpTo = cut
      }
    }
    const { reader, lists } = this.#blobs
    const source = sourceOf({ batch: content, starts: new Uint32Array(1) }, 0)
    const chunks = new ContentReader(source, (id) => lists.readList(id), { start: position })
    while (chunks.next()) {
      const skipped = Math.max(0, position - chunks.offset)
      if (skipped >= chunks.bytes) continue
      if (chunks.isHole) {
        cutHeld(true)
        add(holeOffset, chunks.bytes - skipped)
        continue
      }
      const bytes = reader.read(blobKinds.data, chunks.id, chunks.bytes).subarray(skipped)
      const room = capacityBytes - held
      memory.set(bytes.length > room ? bytes.subarray(0, room) : bytes, held)
      held += Math.min(bytes.length, room)
      if (bytes.length < room) continue
      cutHeld(false)
      return piece
    }
    cutHeld(true)
    return { ...piece, isLast: true }
  }

  #lose(file: number, message: string): void {
    this.#lost.push({ file, message })
    this.#content.reset()
    this.#copied.add(this.#content)
  }
}

/** Stands for a hole where the place of a chunk in the window would be. */
const holeOffset = -1

/** Chunks in the window and the holes between them, in the order of the content. */
interface CutPiece {
  readonly offsets: number[]
  readonly lengths: number[]
  /** Where the next piece begins. */
  end: number
  readonly isLast: boolean
}

/** A batch, and where each file's references begin. */
interface Placed {
  readonly batch: ContentBatch
  readonly starts: Uint32Array
}

/** A batch that was looked up. */
interface Look extends Placed {
  readonly locations: BlobLocations
}

function startsOf(counts: Uint32Array): Uint32Array {
  const starts = new Uint32Array(counts.length)
  let sum = 0
  for (let file = 0; file < counts.length; file++) {
    starts[file] = sum
    sum += counts[file]
  }
  return starts
}

function sourceOf({ batch, starts }: Placed, file: number): FileContentSource {
  const first = starts[file]
  const end = first + batch.counts[file]
  const { buffer, byteOffset } = batch.ids
  return {
    depth: batch.depths[file],
    size: batch.sizes[file],
    ids: Buffer.from(buffer, byteOffset + first * idBytes, (end - first) * idBytes),
    lengths: batch.lengths.subarray(first, end),
  }
}

function namesHole(ids: Uint8Array, first: number, count: number): boolean {
  for (let item = first; item < first + count; item++) {
    if (isHoleId(ids, item * idBytes)) return true
  }
  return false
}

/** Each segment has to be opened once, however its blobs lie among the files. */
function inOrderOfSegments(
  wanted: readonly WantedChunk[],
  { packs, segments }: BlobLocations,
): readonly WantedChunk[] {
  const keyOf = ({ item }: WantedChunk): number => packs[item] * segmentsPerPack + segments[item]
  return wanted.toSorted((left, right) => keyOf(left) - keyOf(right))
}
