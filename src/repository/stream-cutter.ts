import type { Chunker } from '../format/chunker/chunker.ts'
import type { BlobStore } from './blob-store.ts'
import type { FileContent } from './file-content.ts'

/** Feeds pieces of any length through the chunker's window. After `end`, of a content or before a hole in it, it is ready for what comes next. */
export class StreamCutter {
  readonly #chunker: Chunker
  readonly #content: FileContent
  readonly #store: BlobStore
  #held = 0

  constructor(chunker: Chunker, content: FileContent, store: BlobStore) {
    this.#chunker = chunker
    this.#content = content
    this.#store = store
  }

  push(piece: Buffer): void {
    let taken = 0
    while (taken < piece.length) {
      const bytes = Math.min(piece.length - taken, this.#chunker.capacityBytes - this.#held)
      this.#chunker.memory.set(piece.subarray(taken, taken + bytes), this.#held)
      this.#held += bytes
      taken += bytes
      if (this.#held === this.#chunker.capacityBytes) this.#cut(false)
    }
  }

  end(): void {
    this.#cut(true)
  }

  #cut(isEnd: boolean): void {
    const { memory } = this.#chunker
    let offset = 0
    while (offset < this.#held) {
      const end = this.#chunker.nextCut(offset, this.#held, isEnd)
      if (end < 0) break
      this.#content.append(this.#store.storeData(memory.subarray(offset, end)), end - offset)
      offset = end
    }
    memory.copyWithin(0, offset, this.#held)
    this.#held -= offset
  }
}
