import type { EntryDraft } from './entry-draft.ts'
import { allocateBytes } from './slab.ts'
import {
  column,
  entryColumns,
  entryFixedBytes,
  pageHeaderBytes,
  pageHeaderWords,
  referenceBytes,
} from './tree-limits.ts'
import type { TreePage } from './tree-page.ts'
import { highWord, lowWord } from './words.ts'

/** Sizes of the columns at first; most directories of a source tree stay below. They double when they are full. */
const firstEntries = 32
const firstReferences = 64
const firstNameBytes = 1024
const firstExtraBytes = 256
/** Below this, a loop is faster than a view and a call into the C++ part of Node. */
const loopBytesMax = 48

/**
 * Collects the entries of one page and encodes it. Used again for page after page, it stops allocating soon,
 * except for the encoded pages themselves.
 *
 * It copies and does not judge: `DirectoryWriter` checks entries before and pages after.
 */
export class TreePageBuilder {
  #entryCount = 0
  #chunkCount = 0
  #nameBytes = 0
  #extraBytes = 0
  /** Entry by entry, in the order of the columns: turned into columns when the page is complete. */
  #rows: Uint32Array = new Uint32Array(firstEntries * entryColumns)
  /** Low and high word of every reference's length. */
  #lengths: Uint32Array = new Uint32Array(firstReferences * 2)
  #idWords: Uint32Array = new Uint32Array(firstReferences * 8)
  #ids: Buffer = bytesOf(this.#idWords)
  #names: Buffer = Buffer.allocUnsafeSlow(firstNameBytes)
  #extras: Buffer = Buffer.allocUnsafeSlow(firstExtraBytes)

  get entryCount(): number {
    return this.#entryCount
  }

  /** Names so far, one after the other; only the first {@link nameEnd} bytes, and only until the next append. */
  get names(): Buffer {
    return this.#names
  }

  get nameEnd(): number {
    return this.#nameBytes
  }

  /** Bytes of the first name of the page, which lies at 0. */
  get firstNameEnd(): number {
    return this.#entryCount === 0 ? 0 : this.#rows[column.nameBytes]
  }

  /** Where the last name begins in {@link names}. */
  get lastNameStart(): number {
    if (this.#entryCount === 0) return 0
    return this.#nameBytes - this.#rows[(this.#entryCount - 1) * entryColumns + column.nameBytes]
  }

  /** Copies an entry that was scanned, or a child page. */
  append(draft: EntryDraft): void {
    const nameBytes = draft.nameEnd - draft.nameStart
    const extraBytes = draft.extraEnd - draft.extraStart
    this.#reserve(draft.chunkCount, nameBytes, extraBytes)
    this.#putRow(draft)
    let length = this.#chunkCount * 2
    for (let item = 0; item < draft.chunkCount; item++) {
      const bytes = draft.chunkBytes[draft.chunkBytesStart + item]
      this.#lengths[length++] = lowWord(bytes)
      this.#lengths[length++] = highWord(bytes)
    }
    const idsEnd = draft.chunkIdsStart + draft.chunkCount * 32
    copyBytes(draft.chunkIds, draft.chunkIdsStart, idsEnd, this.#ids, this.#chunkCount * 32)
    copyBytes(draft.names, draft.nameStart, draft.nameEnd, this.#names, this.#nameBytes)
    copyBytes(draft.extras, draft.extraStart, draft.extraEnd, this.#extras, this.#extraBytes)
    this.#advance(draft.chunkCount, nameBytes, extraBytes)
  }

  /** Copies an entry of another page as it is, except for its flags. */
  appendFrom(page: TreePage, index: number, flags: number): void {
    const nameStart = page.nameOffsets[index]
    const nameEnd = page.nameOffsets[index + 1]
    const extraStart = page.extraOffsets[index]
    const extraEnd = page.extraOffsets[index + 1]
    const chunkStart = page.chunkOffsets[index]
    const chunkEnd = page.chunkOffsets[index + 1]
    this.#reserve(chunkEnd - chunkStart, nameEnd - nameStart, extraEnd - extraStart)
    const { words, entryCount } = page
    let target = this.#entryCount * entryColumns
    this.#rows[target + column.flags] = flags
    let source = pageHeaderWords + index
    for (let which = 0; which < entryColumns; which++) {
      if (which !== column.flags) this.#rows[target] = words[source]
      target++
      source += entryCount
    }
    this.#copyReferences(page, chunkStart, chunkEnd)
    copyBytes(page.bytes, nameStart, nameEnd, this.#names, this.#nameBytes)
    copyBytes(page.bytes, extraStart, extraEnd, this.#extras, this.#extraBytes)
    this.#advance(chunkEnd - chunkStart, nameEnd - nameStart, extraEnd - extraStart)
  }

  /** The page as it is stored, in memory of its own. The builder keeps its entries until {@link clear}. */
  encode(level: number): Buffer {
    const fixedBytes =
      pageHeaderBytes + entryFixedBytes * this.#entryCount + referenceBytes * this.#chunkCount
    const page = allocateBytes(fixedBytes + this.#nameBytes + this.#extraBytes)
    const words = new Uint32Array(page.buffer, page.byteOffset, fixedBytes >>> 2)
    words[0] = 0x0154 | (level << 16)
    words[1] = this.#entryCount
    words[2] = this.#chunkCount
    words[3] = this.#nameBytes
    words[4] = this.#extraBytes
    words[5] = 0
    let target = transpose(this.#rows, this.#entryCount, entryColumns, words, pageHeaderWords)
    target = transpose(this.#lengths, this.#chunkCount, 2, words, target)
    copyBytes(this.#ids, 0, this.#chunkCount * 32, page, target * 4)
    copyBytes(this.#names, 0, this.#nameBytes, page, fixedBytes)
    copyBytes(this.#extras, 0, this.#extraBytes, page, fixedBytes + this.#nameBytes)
    return page
  }

  /** Forgets the entries and keeps the memory. */
  clear(): void {
    this.#entryCount = 0
    this.#chunkCount = 0
    this.#nameBytes = 0
    this.#extraBytes = 0
  }

  #putRow(draft: EntryDraft): void {
    const rows = this.#rows
    let at = this.#entryCount * entryColumns
    rows[at++] = draft.mode
    rows[at++] = draft.uid
    rows[at++] = draft.gid
    rows[at++] = draft.flags
    rows[at++] = lowWord(draft.size)
    rows[at++] = highWord(draft.size)
    rows[at++] = draft.mtimeLow
    rows[at++] = draft.mtimeHigh
    rows[at++] = draft.mtimeNs
    rows[at++] = draft.ctimeLow
    rows[at++] = draft.ctimeHigh
    rows[at++] = draft.ctimeNs
    rows[at++] = draft.inodeLow
    rows[at++] = draft.inodeHigh
    rows[at++] = draft.chunkCount
    rows[at++] = draft.nameEnd - draft.nameStart
    rows[at] = draft.extraEnd - draft.extraStart
  }

  #copyReferences(page: TreePage, start: number, end: number): void {
    const { words } = page
    let length = this.#chunkCount * 2
    for (let reference = start; reference < end; reference++) {
      this.#lengths[length++] = page.chunkBytesLow(reference)
      this.#lengths[length++] = page.chunkBytesHigh(reference)
    }
    const idsWord = page.chunkIdsStart >>> 2
    const wordsEnd = idsWord + end * 8
    let target = this.#chunkCount * 8
    for (let word = idsWord + start * 8; word < wordsEnd; word++) {
      this.#idWords[target++] = words[word]
    }
  }

  #advance(chunkCount: number, nameBytes: number, extraBytes: number): void {
    this.#entryCount += 1
    this.#chunkCount += chunkCount
    this.#nameBytes += nameBytes
    this.#extraBytes += extraBytes
  }

  /** Makes room for one more entry. */
  #reserve(chunkCount: number, nameBytes: number, extraBytes: number): void {
    const rowWords = (this.#entryCount + 1) * entryColumns
    if (rowWords > this.#rows.length) this.#rows = growWords(this.#rows, rowWords)
    const chunksNeeded = this.#chunkCount + chunkCount
    if (chunksNeeded * 2 > this.#lengths.length) {
      this.#lengths = growWords(this.#lengths, chunksNeeded * 2)
      this.#idWords = growWords(this.#idWords, chunksNeeded * 8)
      this.#ids = bytesOf(this.#idWords)
    }
    const namesNeeded = this.#nameBytes + nameBytes
    if (namesNeeded > this.#names.length) this.#names = growBytes(this.#names, namesNeeded)
    const extrasNeeded = this.#extraBytes + extraBytes
    if (extrasNeeded > this.#extras.length) this.#extras = growBytes(this.#extras, extrasNeeded)
  }
}

function bytesOf(words: Uint32Array): Buffer {
  return Buffer.from(words.buffer, words.byteOffset, words.byteLength)
}

function growWords(words: Uint32Array, needed: number): Uint32Array {
  const grown = new Uint32Array(Math.max(needed, words.length * 2))
  grown.set(words)
  return grown
}

function growBytes(bytes: Buffer, needed: number): Buffer {
  const grown = Buffer.allocUnsafeSlow(Math.max(needed, bytes.length * 2))
  bytes.copy(grown)
  return grown
}

/** Writes rows as columns from `target` on and returns where they end. */
function transpose(
  rows: Uint32Array,
  rowCount: number,
  columnCount: number,
  words: Uint32Array,
  target: number,
): number {
  let at = target
  for (let which = 0; which < columnCount; which++) {
    let source = which
    for (let row = 0; row < rowCount; row++) {
      words[at++] = rows[source]
      source += columnCount
    }
  }
  return at
}

function copyBytes(
  source: Uint8Array,
  start: number,
  end: number,
  target: Buffer,
  targetStart: number,
): void {
  if (end - start > loopBytesMax) {
    target.set(source.subarray(start, end), targetStart)
    return
  }
  let to = targetStart
  for (let from = start; from < end; from++) target[to++] = source[from]
}
