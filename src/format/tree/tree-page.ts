import { checkTreePage } from './check-tree-page.ts'
import { isEntryName, compareByteRanges } from './names.ts'
import { allocateBytes, allocateWords } from './slab.ts'
import { refuseEntry, refusePage } from './tree-damage.ts'
import {
  blobBytesMax,
  column,
  entryColumns,
  entryFixedBytes,
  pageEntryCountMax,
  pageHeaderBytes,
  pageHeaderWords,
  pageLevelMax,
  referenceBytes,
  type EntryColumn,
} from './tree-limits.ts'
import { joinSignedWords, joinWords } from './words.ts'

const magicAndVersion = 0x0154

interface PageCounts {
  readonly level: number
  readonly entryCount: number
  readonly chunkCount: number
  readonly namesStart: number
  readonly extrasStart: number
}

/**
 * Reads and checks one page of a directory (docs/FORMAT.md, section 9).
 *
 * The page looks into `bytes`, or into a copy when they do not start at a multiple of four; the caller must not
 * write to them while the page is in use. Nothing is allocated before the counts are known to fit the length.
 * @param id The blob's id, when the bytes were checked against it: an unchanged page is then used again under this
 * id. It is copied.
 * @throws {DamageError} when any rule of the format does not hold.
 */
export function decodeTreePage(bytes: Buffer, id?: Uint8Array): TreePage {
  const counts = readCounts(bytes)
  const page = new TreePage(alignToWords(bytes), counts, copyId(id))
  checkNames(page)
  checkTreePage(page)
  return page
}

/**
 * A checked page: columns of numbers over the blob's own bytes, no object per entry.
 *
 * Entries and references are named by their index. `decodeTreePage` is the only way to a checked one.
 */
export class TreePage {
  /** The whole blob. */
  readonly bytes: Buffer
  /** The blob's id, when it is known. */
  readonly id: Buffer | undefined
  /** Header, columns and reference ids as 32-bit words of `bytes`; names and extras are not among them. */
  readonly words: Uint32Array
  /** 0 when entries are directory entries, else the pages below are of level - 1. */
  readonly level: number
  readonly entryCount: number
  /** References of all entries together. */
  readonly chunkCount: number
  /** Where names begin in `bytes`; entryCount + 1 values, so that name i ends where name i + 1 begins. */
  readonly nameOffsets: Uint32Array
  /** Index of the first reference of each entry; entryCount + 1 values. */
  readonly chunkOffsets: Uint32Array
  /** Where extras begin in `bytes`; entryCount + 1 values. */
  readonly extraOffsets: Uint32Array
  /** Where the reference ids begin in `bytes`. */
  readonly chunkIdsStart: number
  readonly #chunkLowStart: number
  readonly #chunkHighStart: number

  constructor(bytes: Buffer, counts: PageCounts, id: Buffer | undefined) {
    this.bytes = bytes
    this.id = id
    this.level = counts.level
    this.entryCount = counts.entryCount
    this.chunkCount = counts.chunkCount
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, counts.namesStart >>> 2)
    this.#chunkLowStart = pageHeaderWords + entryColumns * counts.entryCount
    this.#chunkHighStart = this.#chunkLowStart + counts.chunkCount
    this.chunkIdsStart = (this.#chunkHighStart + counts.chunkCount) * 4
    this.nameOffsets = sumColumn(this, column.nameBytes, counts.namesStart, counts.extrasStart)
    this.chunkOffsets = sumColumn(this, column.chunkCount, 0, counts.chunkCount)
    this.extraOffsets = sumColumn(this, column.extraBytes, counts.extrasStart, bytes.length)
  }

  /** One column as a view, `entryCount` long; signed columns are given as unsigned words. */
  column(which: EntryColumn): Uint32Array {
    const start = pageHeaderWords + which * this.entryCount
    return this.words.subarray(start, start + this.entryCount)
  }

  word(which: EntryColumn, index: number): number {
    return this.words[pageHeaderWords + which * this.entryCount + index]
  }

  mode(index: number): number {
    return this.words[pageHeaderWords + index]
  }

  uid(index: number): number {
    return this.word(column.uid, index)
  }

  gid(index: number): number {
    return this.word(column.gid, index)
  }

  flags(index: number): number {
    return this.word(column.flags, index)
  }

  /** Bytes; see docs/FORMAT.md for what it means for each kind of entry. */
  sizeOf(index: number): number {
    return joinWords(this.word(column.sizeLow, index), this.word(column.sizeHigh, index))
  }

  /** Exact within ±2^53 seconds; the two words are exact always. */
  mtimeSeconds(index: number): number {
    return joinSignedWords(this.word(column.mtimeLow, index), this.word(column.mtimeHigh, index))
  }

  mtimeNs(index: number): number {
    return this.word(column.mtimeNs, index)
  }

  ctimeSeconds(index: number): number {
    return joinSignedWords(this.word(column.ctimeLow, index), this.word(column.ctimeHigh, index))
  }

  ctimeNs(index: number): number {
    return this.word(column.ctimeNs, index)
  }

  inodeLow(index: number): number {
    return this.word(column.inodeLow, index)
  }

  inodeHigh(index: number): number {
    return this.word(column.inodeHigh, index)
  }

  /** References of one entry. */
  chunkCountOf(index: number): number {
    return this.word(column.chunkCount, index)
  }

  chunkBytesLow(reference: number): number {
    return this.words[this.#chunkLowStart + reference]
  }

  chunkBytesHigh(reference: number): number {
    return this.words[this.#chunkHighStart + reference]
  }

  /** Bytes that one reference covers (for a page or a directory: the length of the page). */
  chunkBytes(reference: number): number {
    return joinWords(this.chunkBytesLow(reference), this.chunkBytesHigh(reference))
  }

  /** View of one reference's id, 32 bytes. */
  chunkId(reference: number): Buffer {
    const start = this.chunkIdsStart + 32 * reference
    return this.bytes.subarray(start, start + 32)
  }

  /** View of all ids of one entry, 32 bytes each. */
  chunkIdsOf(index: number): Buffer {
    const start = this.chunkIdsStart + 32 * this.chunkOffsets[index]
    return this.bytes.subarray(start, start + 32 * this.chunkCountOf(index))
  }

  /** Lengths that belong to {@link chunkIdsOf}. */
  chunkBytesOf(index: number): Float64Array {
    const first = this.chunkOffsets[index]
    const lengths = new Float64Array(this.chunkCountOf(index))
    for (let item = 0; item < lengths.length; item++) lengths[item] = this.chunkBytes(first + item)
    return lengths
  }

  /** View of the name. */
  name(index: number): Buffer {
    return this.bytes.subarray(this.nameOffsets[index], this.nameOffsets[index + 1])
  }

  /** View of the encoded extras, empty for most entries; `decodeExtras` reads them. */
  extra(index: number): Buffer {
    return this.bytes.subarray(this.extraOffsets[index], this.extraOffsets[index + 1])
  }

  /** Order of an entry's name against other[start, end): negative, 0 or positive, in unsigned bytes. */
  compareName(index: number, other: Uint8Array, start: number, end: number): number {
    const nameEnd = this.nameOffsets[index + 1]
    return compareByteRanges(this.bytes, this.nameOffsets[index], nameEnd, other, start, end)
  }
}

/** Index of the entry with exactly this name, or -1. */
export function findEntry(page: TreePage, name: Uint8Array): number {
  const index = countEntriesUpTo(page, name) - 1
  return index >= 0 && page.compareName(index, name, 0, name.length) === 0 ? index : -1
}

/** How many entries have a name that is equal to or before `name`. */
export function countEntriesUpTo(page: TreePage, name: Uint8Array): number {
  let low = 0
  let high = page.entryCount
  while (low < high) {
    const middle = (low + high) >>> 1
    if (page.compareName(middle, name, 0, name.length) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

function readCounts(bytes: Buffer): PageCounts {
  if (bytes.length < pageHeaderBytes) refusePage(`${bytes.length} bytes are too few for its header`)
  if (bytes.length > blobBytesMax) refusePage(`${bytes.length} bytes are too many for a blob`)
  if (bytes.readUInt16LE(0) !== magicAndVersion) refusePage('it does not begin like one')
  if (bytes[3] !== 0 || bytes.readUInt32LE(20) !== 0) refusePage('reserved bytes are not zero')
  const level = bytes[2]
  if (level > pageLevelMax) refusePage(`level ${level} is above ${pageLevelMax}`)
  const entryCount = bytes.readUInt32LE(4)
  if (entryCount > pageEntryCountMax) refusePage(`${entryCount} entries are too many`)
  const chunkCount = bytes.readUInt32LE(8)
  // Every term is below 2^38, so the sums are exact.
  const namesStart = pageHeaderBytes + entryFixedBytes * entryCount + referenceBytes * chunkCount
  const extrasStart = namesStart + bytes.readUInt32LE(12)
  const end = extrasStart + bytes.readUInt32LE(16)
  if (end !== bytes.length) refusePage(`its parts make ${end} bytes, it has ${bytes.length}`)
  return { level, entryCount, chunkCount, namesStart, extrasStart }
}

function alignToWords(bytes: Buffer): Buffer {
  if ((bytes.byteOffset & 3) === 0) return bytes
  const copy = allocateBytes(bytes.length)
  copy.set(bytes)
  return copy
}

function copyId(id: Uint8Array | undefined): Buffer | undefined {
  if (id === undefined) return undefined
  if (id.length !== 32) throw new RangeError('The id of a tree blob must have 32 bytes')
  const copy = allocateBytes(32)
  copy.set(id)
  return copy
}

/** Running sums of a column of lengths, from `start`; they must arrive at `end`. */
function sumColumn(page: TreePage, which: EntryColumn, start: number, end: number): Uint32Array {
  const { entryCount, words } = page
  const sums = allocateWords(entryCount + 1)
  const first = pageHeaderWords + which * entryCount
  let sum = start
  for (let index = 0; index < entryCount; index++) {
    sums[index] = sum
    sum += words[first + index]
  }
  // A number holds the sum exactly, so sums that wrapped on their way into the array are refused here, before any use.
  if (sum !== end) refusePage('the lengths of its entries do not add up')
  sums[entryCount] = sum
  return sums
}

function checkNames(page: TreePage): void {
  const { bytes, nameOffsets, entryCount } = page
  let previousStart = 0
  let start = nameOffsets[0]
  for (let index = 0; index < entryCount; index++) {
    const end = nameOffsets[index + 1]
    if (!isEntryName(bytes, start, end)) refuseEntry(index, 'has a name that is not allowed')
    if (index > 0 && compareByteRanges(bytes, previousStart, start, bytes, start, end) >= 0) {
      refuseEntry(index, 'is not in the order of names')
    }
    previousStart = start
    start = end
  }
}
