import { depthOfFlags } from '../../format/tree/entry-flags.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import { idBytes } from '../../model/ids.ts'

/** Contents as references, file after file, in columns: a message of hundreds of files costs as much as one of a single one. */
export interface ContentBatch {
  readonly sizes: Float64Array<ArrayBuffer>
  /** Depth of content lists, 0 to 4. */
  readonly depths: Uint8Array<ArrayBuffer>
  /** References of each file. */
  readonly counts: Uint32Array<ArrayBuffer>
  /** Bytes that each reference covers. */
  readonly lengths: Float64Array<ArrayBuffer>
  /** 32 bytes for each reference. */
  readonly ids: Uint8Array<ArrayBuffer>
}

/** A file of a batch that cannot be read from its repository. */
export interface LostContent {
  readonly file: number
  readonly message: string
}

/** The references of a batch's files in another repository. */
export interface CopiedContents extends Omit<ContentBatch, 'sizes'> {
  /** Place of each file's first reference. */
  readonly starts: Uint32Array<ArrayBuffer>
  readonly lost: readonly LostContent[]
}

const filesMax = 512
/** As a backup reads them: enough for all threads to be busy, small enough for many batches. In bytes. */
const bytesMax = 8 * 1024 * 1024

/** Collects references until they are as many as a message should have. */
export class ReferenceColumns {
  #sizes = new Float64Array(filesMax)
  #depths = new Uint8Array(filesMax)
  #counts = new Uint32Array(filesMax)
  #starts = new Uint32Array(filesMax)
  #lengths = new Float64Array(1024)
  #ids = new Uint8Array(1024 * idBytes)
  #fileCount = 0
  #referenceCount = 0
  #contentBytes = 0

  get fileCount(): number {
    return this.#fileCount
  }

  get isFull(): boolean {
    return this.#fileCount >= filesMax || this.#contentBytes >= bytesMax
  }

  /** The content of a regular file of a page. */
  addEntry(page: TreePage, index: number): void {
    const first = page.chunkOffsets[index]
    const count = page.chunkCountOf(index)
    const at = this.#begin(count, page.sizeOf(index), depthOfFlags(page.flags(index)))
    for (let item = 0; item < count; item++)
      this.#lengths[at + item] = page.chunkBytes(first + item)
    this.#ids.set(page.chunkIdsOf(index), at * idBytes)
  }

  /** References that were made one by one; none for a content that is lost. */
  add(content: { count: number; depth: number; ids: Uint8Array; lengths: Float64Array }): void {
    const { count, depth, ids, lengths } = content
    const at = this.#begin(count, 0, depth)
    this.#lengths.set(lengths.subarray(0, count), at)
    this.#ids.set(ids.subarray(0, count * idBytes), at * idBytes)
  }

  /** Hands over what was collected and starts anew. */
  take(): ContentBatch & Omit<CopiedContents, 'lost'> {
    const files = this.#fileCount
    const references = this.#referenceCount
    this.#fileCount = 0
    this.#referenceCount = 0
    this.#contentBytes = 0
    return {
      sizes: this.#sizes.slice(0, files),
      depths: this.#depths.slice(0, files),
      counts: this.#counts.slice(0, files),
      starts: this.#starts.slice(0, files),
      lengths: this.#lengths.slice(0, references),
      ids: this.#ids.slice(0, references * idBytes),
    }
  }

  /** @returns place of the first reference */
  #begin(count: number, sizeBytes: number, depth: number): number {
    const at = this.#referenceCount
    if (at + count > this.#lengths.length) this.#grow(at + count)
    this.#sizes[this.#fileCount] = sizeBytes
    this.#depths[this.#fileCount] = depth
    this.#counts[this.#fileCount] = count
    this.#starts[this.#fileCount] = at
    this.#fileCount += 1
    this.#referenceCount += count
    this.#contentBytes += sizeBytes
    return at
  }

  #grow(needed: number): void {
    const length = Math.max(this.#lengths.length * 2, needed)
    const lengths = new Float64Array(length)
    lengths.set(this.#lengths)
    this.#lengths = lengths
    const ids = new Uint8Array(length * idBytes)
    ids.set(this.#ids)
    this.#ids = ids
  }
}

/** The buffers of columns, which go to another thread without a copy. */
export function buffersOf(columns: Omit<ContentBatch, 'sizes'>): ArrayBuffer[] {
  return Object.values(columns as unknown as Record<string, unknown>)
    .filter((value): value is Uint8Array<ArrayBuffer> => ArrayBuffer.isView(value))
    .map(({ buffer }) => buffer)
}
