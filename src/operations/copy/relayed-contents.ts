import { idBytes } from '../../model/ids.ts'
import type { BlobSession } from '../../repository/blob-session.ts'
import { FileContent } from '../../repository/file-content.ts'
import { ReferenceColumns, type ContentBatch, type CopiedContents } from './content-batch.ts'
import type { PieceCut, PieceReply, PieceRequest } from './content-piece.ts'

/** Files from here on are copied by all threads in turn. In bytes. */
export const relayedBytesMin: number = 64 * 1024 * 1024

/**
 * Long contents that all threads copy, piece by piece, as a backup reads long files (docs/decisions/0015): a piece is read and cut from where the one
 * before it was cut, and while it is hashed, compressed and written, the next one is read by somebody else. The references are those that one
 * thread would give.
 */
export class RelayedContents {
  readonly #session: BlobSession
  readonly #submit: (piece: PieceRequest) => Promise<PieceReply>
  readonly #onBytes: (bytes: number) => void
  /** Who waits for which piece to be cut. */
  readonly #cuts = new Map<number, (cut: PieceCut) => void>()
  #nextNumber = 0

  /**
   * @param session stores the lists of the references
   * @param onBytes told of what is cut
   */
  constructor(
    session: BlobSession,
    submit: (piece: PieceRequest) => Promise<PieceReply>,
    onBytes: (bytes: number) => void,
  ) {
    this.#session = session
    this.#submit = submit
    this.#onBytes = onBytes
  }

  /** To be told of every piece that a thread has cut. */
  take(cut: PieceCut): void {
    this.#cuts.get(cut.number)?.(cut)
    this.#cuts.delete(cut.number)
  }

  /**
   * @param batch of one file
   * @throws whatever ends a run
   */
  async copy(batch: ContentBatch, signal: AbortSignal | undefined): Promise<CopiedContents> {
    const content = new FileContent((bytes) => this.#session.store.storeTree(bytes))
    const copied = new ReferenceColumns()
    const lost = await this.#copyPieces(batch, content, signal)
    if (lost === null) content.finish()
    else content.reset()
    copied.add(content)
    return { ...copied.take(), lost: lost === null ? [] : [{ file: 0, message: lost }] }
  }

  /** @returns why the content is lost; null when it is not */
  async #copyPieces(
    content: ContentBatch,
    references: FileContent,
    signal: AbortSignal | undefined,
  ): Promise<string | null> {
    let joined: Promise<string | null> = Promise.resolve(null)
    const failures: unknown[] = []
    let cut: PieceCut
    let position = 0
    let number = -1
    try {
      do {
        signal?.throwIfAborted()
        number = this.#nextNumber++
        const told = new Promise<PieceCut>((resolve) => this.#cuts.set(number, resolve))
        const reply = this.#submit({ number, content, position })
        joined = joinInOrder(joined, reply, references)
        for (const part of [reply, joined]) part.catch((error: unknown) => failures.push(error))
        // Without a cut it has ended by a failure, such as the death of its thread.
        cut = await Promise.race([told, reply.then(refuseUncut)])
        this.#onBytes(cut.end - position)
        position = cut.end
        await this.#session.packs.settle()
      } while (!cut.isLast && failures.length === 0)
      return await joined
    } finally {
      await joined.catch(() => undefined)
      this.#cuts.delete(number)
    }
  }
}

/** A thread tells of the cut before it answers. */
function refuseUncut(): never {
  throw new RangeError('A piece of a content was stored and never cut')
}

/** Settles only after both have; then the references of the piece are behind those of the pieces before it. */
async function joinInOrder(
  earlier: Promise<string | null>,
  reply: Promise<PieceReply>,
  content: FileContent,
): Promise<string | null> {
  const [before, now] = await Promise.allSettled([earlier, reply])
  if (before.status === 'rejected') throw before.reason
  if (now.status === 'rejected') throw now.reason
  const { lengths, ids, lost } = now.value
  if (before.value !== null || lost !== null) return before.value ?? lost
  for (let item = 0; item < lengths.length; item++) {
    content.append(ids.subarray(item * idBytes, (item + 1) * idBytes), lengths[item])
  }
  return null
}
