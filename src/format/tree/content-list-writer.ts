import { SourceError } from '../../foundation/errors.ts'
import {
  encodeContentList,
  isHoleId,
  sumReferences,
  type ContentReferences,
} from './content-list.ts'
import type { StoreTreeBlob } from './directory-writer.ts'
import {
  blobBytesMax,
  closingMask,
  contentDepthMax,
  directReferencesMax,
  listItemsBeforeClosing,
  listItemsWritten,
} from './tree-limits.ts'

const holeId = Buffer.alloc(32)
const firstItems = 64

/** What a file's entry says about its content. */
export interface FileReferences extends ContentReferences {
  /** Depth of the content lists, for the entry's flags; 0 when the references are chunks. */
  readonly depth: number
  /** Size of the file. */
  readonly totalBytes: number
}

/** The items of one level that no list holds yet. */
class OpenItems {
  ids: Buffer = Buffer.allocUnsafeSlow(firstItems * 32)
  lengths: Float64Array = new Float64Array(firstItems)
  count = 0
  /** True once there were more items than an entry may have; from then on they go into lists. */
  isListed = false

  push(id: Uint8Array, lengthBytes: number): void {
    if (this.count === this.lengths.length) this.#grow()
    this.ids.set(id, this.count * 32)
    this.lengths[this.count] = lengthBytes
    this.count += 1
  }

  dropFirst(count: number): void {
    this.ids.copyWithin(0, count * 32, this.count * 32)
    this.lengths.copyWithin(0, count, this.count)
    this.count -= count
  }

  clear(): void {
    this.count = 0
    this.isListed = false
  }

  #grow(): void {
    const ids = Buffer.allocUnsafeSlow(this.ids.length * 2)
    this.ids.copy(ids)
    const lengths = new Float64Array(this.lengths.length * 2)
    lengths.set(this.lengths)
    this.ids = ids
    this.lengths = lengths
  }
}

/**
 * Collects the references of one file after the other, and turns more than 512 into content lists.
 *
 * Lists go out as they fill, so memory does not grow with the file; they end where the ids say (docs/FORMAT.md,
 * section 10), so an inserted chunk changes one list per level.
 */
export class ContentListWriter {
  readonly #store: StoreTreeBlob
  readonly #levels: OpenItems[] = [new OpenItems()]
  #totalBytes = 0

  constructor(store: StoreTreeBlob) {
    this.#store = store
  }

  /** Bytes since the last {@link finish} or {@link clear}. */
  get totalBytes(): number {
    return this.#totalBytes
  }

  /**
   * Appends a chunk, or a hole when the id is 32 zero bytes; the id is copied.
   *
   * @throws {RangeError} when the id has not 32 bytes or the length is not that of a chunk (1 byte to 32 MiB).
   * @throws {SourceError} when the file has more than 2^53 - 1 bytes.
   */
  append(id: Uint8Array, lengthBytes: number): void {
    if (id.length !== 32) throw new RangeError('The id of a blob must have 32 bytes')
    if (lengthBytes > blobBytesMax && !isHoleId(id, 0)) {
      throw new RangeError(`No chunk has ${lengthBytes} bytes`)
    }
    this.#append(id, lengthBytes)
  }

  /**
   * Appends bytes that are zero and not stored.
   *
   * @throws {SourceError} when the file has more than 2^53 - 1 bytes.
   */
  appendHole(lengthBytes: number): void {
    this.#append(holeId, lengthBytes)
  }

  /** Stores what is open, and starts a new file. An empty file has no references. */
  finish(): FileReferences {
    let depth = 0
    while (this.#levels[depth].isListed) {
      const { count } = this.#levels[depth]
      if (count > 0) this.#storeList(depth, 0, count)
      depth += 1
    }
    const { ids, lengths, count } = this.#levels[depth]
    const references: FileReferences = {
      depth,
      ids: Buffer.from(ids.subarray(0, count * 32)),
      lengths: lengths.slice(0, count),
      totalBytes: this.#totalBytes,
    }
    // The last look before the lengths become an entry; a number that went wrong on the way must not.
    if (sumReferences(references, depth) !== this.#totalBytes) {
      throw new RangeError('The references of a file do not add up')
    }
    this.clear()
    return references
  }

  /** Forgets the file that was begun. Lists that went out stay where they are. */
  clear(): void {
    for (const open of this.#levels) open.clear()
    this.#totalBytes = 0
  }

  #append(id: Uint8Array, lengthBytes: number): void {
    if (!(Number.isSafeInteger(lengthBytes) && lengthBytes > 0)) {
      throw new RangeError(`No reference covers ${lengthBytes} bytes`)
    }
    if (this.#totalBytes + lengthBytes > Number.MAX_SAFE_INTEGER) {
      throw new SourceError('Cannot save a file: it has more than 2^53 bytes')
    }
    this.#totalBytes += lengthBytes
    this.#push(0, id, lengthBytes)
  }

  #push(level: number, id: Uint8Array, lengthBytes: number): void {
    const open = this.#levels[level]
    open.push(id, lengthBytes)
    if (!open.isListed) {
      if (open.count > directReferencesMax) this.#startLists(level)
      return
    }
    if (isListDue(open, open.count, open.count - 1)) {
      this.#storeList(level, 0, open.count)
      open.count = 0
    }
  }

  /** Applies the closing rule to the items that were kept back until it was known that lists are needed. */
  #startLists(level: number): void {
    if (level === contentDepthMax)
      throw new SourceError('Cannot save a file: it has too many chunks')
    const open = this.#levels[level]
    open.isListed = true
    if (this.#levels.length === level + 1) this.#levels.push(new OpenItems())
    let start = 0
    for (let item = 0; item < open.count; item++) {
      if (isListDue(open, item + 1 - start, item)) {
        this.#storeList(level, start, item + 1)
        start = item + 1
      }
    }
    open.dropFirst(start)
  }

  #storeList(level: number, start: number, end: number): void {
    const open = this.#levels[level]
    const id = this.#store(encodeContentList(level, open, start, end))
    if (id.length !== 32) throw new RangeError('The id of a tree blob must have 32 bytes')
    let coveredBytes = 0
    for (let item = start; item < end; item++) coveredBytes += open.lengths[item]
    this.#push(level + 1, id, coveredBytes)
  }
}

/** Whether a list of `count` items ends with this item. */
function isListDue(items: OpenItems, count: number, item: number): boolean {
  if (count < listItemsBeforeClosing) return false
  return count >= listItemsWritten || (items.ids.readUInt16LE(item * 32) & closingMask) === 0
}
