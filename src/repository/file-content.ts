import { ContentListWriter } from '../format/tree/content-list-writer.ts'
import { directReferencesMax } from '../format/tree/tree-limits.ts'
import { idBytes } from '../model/ids.ts'

const holeId = Buffer.alloc(idBytes)

/**
 * The references of the file that is being read, in order.
 *
 * Up to 512 are kept here; a longer content spills into lists that are stored as they fill, so that a file of any size takes
 * the same memory.
 */
export class FileContent {
  readonly ids: Buffer = Buffer.allocUnsafe(directReferencesMax * idBytes)
  readonly lengths: Float64Array = new Float64Array(directReferencesMax)
  /** References in `ids` and `lengths`. */
  count = 0
  /** Bytes covered so far. */
  totalBytes = 0
  depth = 0
  readonly #storeTree: (bytes: Buffer) => Buffer
  #lists: ContentListWriter | null = null

  constructor(storeTree: (bytes: Buffer) => Buffer) {
    this.#storeTree = storeTree
  }

  reset(): void {
    this.count = 0
    this.totalBytes = 0
    this.depth = 0
    this.#lists = null
  }

  append(id: Uint8Array, lengthBytes: number): void {
    this.totalBytes += lengthBytes
    if (this.#lists) {
      this.#lists.append(id, lengthBytes)
      return
    }
    if (this.count < directReferencesMax) {
      this.ids.set(id, this.count * idBytes)
      this.lengths[this.count] = lengthBytes
      this.count += 1
      return
    }
    this.#spill()
    this.totalBytes -= lengthBytes
    this.append(id, lengthBytes)
  }

  appendHole(lengthBytes: number): void {
    if (lengthBytes > 0) this.append(holeId, lengthBytes)
  }

  /** Ends the file: afterwards `count`, `ids`, `lengths` and `depth` are what its tree entry says. */
  finish(): void {
    if (!this.#lists) return
    const { depth, ids, lengths } = this.#lists.finish()
    this.#lists = null
    this.depth = depth
    this.count = lengths.length
    ids.copy(this.ids)
    this.lengths.set(lengths)
  }

  #spill(): void {
    const lists = new ContentListWriter(this.#storeTree)
    for (let item = 0; item < this.count; item++) {
      lists.append(this.ids.subarray(item * idBytes, (item + 1) * idBytes), this.lengths[item])
    }
    this.#lists = lists
  }
}
