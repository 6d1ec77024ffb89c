import { closeUnwritten } from '../../filesystem/posix/close-unwritten.ts'
import { idBytes } from '../../model/ids.ts'
import type { BlobSession } from '../../repository/blob-session.ts'
import { FileContent } from '../../repository/file-content.ts'
import { FileOutcomes } from './file-outcomes.ts'
import { openLargeFile, sourceErrno, type LargeFile, type ReadableFile } from './large-file.ts'
import { directoryOf, formerIdsOf, nameOf, type ReadBatch } from './read-batch.ts'
import { readPieceReferences, type PieceCut, type PieceRequest } from './relay.ts'

/** Gives a piece to a thread. @returns its references (relay.ts), when all of it is stored */
type SubmitPiece = (piece: PieceRequest) => Promise<Uint8Array>

/**
 * Large files that all threads store, piece by piece.
 *
 * The reading goes from thread to thread, like a baton: a piece is read and cut where the one before it was cut, and while it is hashed,
 * compressed and written the next one is read by somebody else. So each byte is read once, in order, and a file gives the same
 * references as with one thread: also one that ends early, cannot be read to its end or changes meanwhile.
 */
export class RelayedFiles {
  readonly #session: BlobSession
  readonly #submit: SubmitPiece
  readonly #outcomes = new FileOutcomes()
  /** Who waits for which piece to be cut. */
  readonly #cuts = new Map<number, (cut: PieceCut) => void>()
  #nextNumber = 0
  #openCount = 0

  /** @param session stores the lists of the references */
  constructor(session: BlobSession, submit: SubmitPiece) {
    this.#session = session
    this.#submit = submit
  }

  /** Files that are being read. */
  get openCount(): number {
    return this.#openCount
  }

  /** To be told of every piece that a thread has cut. */
  take(cut: PieceCut): void {
    this.#cuts.get(cut.number)?.(cut)
    this.#cuts.delete(cut.number)
  }

  /**
   * @param batch of one file
   * @returns its result (read-batch.ts)
   * @throws whatever ends a run; no thread reads from the file any more then
   */
  async store(batch: ReadBatch, signal: AbortSignal | undefined): Promise<Buffer<ArrayBuffer>> {
    const readAtMs = Date.now()
    let large: LargeFile
    try {
      large = openLargeFile(directoryOf(batch, 0), nameOf(batch, 0))
    } catch (error) {
      this.#outcomes.addFailed(sourceErrno(error))
      return this.#outcomes.take()
    }
    this.#openCount += 1
    try {
      const content = new FileContent((bytes) => this.#session.store.storeTree(bytes))
      const former = formerIdsOf(batch, 0)
      const errno = await this.#storePieces(large, former, content, signal)
      if (errno === 0) this.#outcomes.addLarge(batch, 0, { large, readAtMs }, content)
      else this.#outcomes.addFailed(errno)
      return this.#outcomes.take()
    } finally {
      this.#openCount -= 1
      closeUnwritten(large.descriptor)
    }
  }

  /** @returns 0, or why the file could not be read to its end */
  async #storePieces(
    file: ReadableFile,
    former: Uint8Array,
    content: FileContent,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const { descriptor, sizeBytes, mayHaveHoles } = file
    const readable = { descriptor, sizeBytes, mayHaveHoles }
    let joined: Promise<void> = Promise.resolve()
    const failures: unknown[] = []
    let cut: PieceCut
    let position = 0
    try {
      do {
        signal?.throwIfAborted()
        const piece = { number: this.#nextNumber++, file: readable, position, former }
        const references = this.#submit(piece)
        joined = joinInOrder(joined, references, content)
        for (const part of [references, joined]) {
          part.catch((error: unknown) => failures.push(error))
        }
        cut = await this.#cutOf(piece.number, references)
        position = cut.end
        await this.#session.packs.settle()
      } while (!cut.isLast && failures.length === 0)
      await joined
      return cut.errno
    } finally {
      // The descriptor is closed next: a thread that still reads would read another file by it.
      await joined.catch(() => undefined)
    }
  }

  /** @throws what ended the piece before it was cut, such as the death of its thread */
  async #cutOf(number: number, references: Promise<unknown>): Promise<PieceCut> {
    const told = new Promise<PieceCut>((resolve) => this.#cuts.set(number, resolve))
    try {
      return await Promise.race([told, references.then(refuseUncut)])
    } finally {
      this.#cuts.delete(number)
    }
  }
}

/** A thread tells of the cut before it answers. */
function refuseUncut(): never {
  throw new RangeError('A piece of a file was stored and never cut')
}

/** Settles only after both have; then the references of the piece are behind those of the pieces before it. */
async function joinInOrder(
  earlier: Promise<void>,
  references: Promise<Uint8Array>,
  content: FileContent,
): Promise<void> {
  const [before, now] = await Promise.allSettled([earlier, references])
  if (before.status === 'rejected') throw before.reason
  if (now.status === 'rejected') throw now.reason
  const { lengths, ids } = readPieceReferences(now.value)
  for (let item = 0; item < lengths.length; item++) {
    const at = item * idBytes
    content.append(ids.subarray(at, at + idBytes), lengths[item])
  }
}
