import { refuseContent } from './tree-damage.ts'
import {
  blobBytesMax,
  contentDepthMax,
  listHeaderBytes,
  listItemCountMax,
  referenceBytes,
} from './tree-limits.ts'
import { joinWords, highWord, lowWord, safeHighWordMax } from './words.ts'

const magicAndVersion = 0x014c

/** References that cover a file, or a part of it, in order. An id of 32 zero bytes is a hole. */
export interface ContentReferences {
  /** 32 bytes for each reference. */
  readonly ids: Buffer
  /** Bytes of the file that each reference covers. */
  readonly lengths: Float64Array
}

export interface ContentList extends ContentReferences {
  /** 0 when the references are chunks, else they are lists of level - 1. */
  readonly level: number
  /** Bytes of the file that the list covers. */
  readonly totalBytes: number
}

/**
 * Reads and checks one content list (docs/FORMAT.md, section 10). The ids are a view into `bytes`.
 *
 * @throws {DamageError} when any rule of the format does not hold.
 */
export function decodeContentList(bytes: Buffer): ContentList {
  if (bytes.length < listHeaderBytes) refuseContent(`${bytes.length} bytes are too few for a list`)
  if (bytes.readUInt16LE(0) !== magicAndVersion) refuseContent('a list does not begin like one')
  const level = bytes[2]
  if (bytes[3] !== 0) refuseContent('a reserved byte of a list is not zero')
  if (level >= contentDepthMax) refuseContent(`a list has level ${level}`)
  const count = bytes.readUInt32LE(4)
  if (count === 0 || count > listItemCountMax) refuseContent(`a list has ${count} items`)
  const end = listHeaderBytes + referenceBytes * count
  if (end !== bytes.length) refuseContent(`a list has ${bytes.length} bytes instead of ${end}`)
  const ids = bytes.subarray(listHeaderBytes + 8 * count)
  const lengths = new Float64Array(count)
  for (let item = 0; item < count; item++) {
    const low = bytes.readUInt32LE(listHeaderBytes + 4 * item)
    const high = bytes.readUInt32LE(listHeaderBytes + 4 * (count + item))
    if (high > safeHighWordMax) refuseContent('a list covers more than 2^53 bytes')
    lengths[item] = joinWords(low, high)
  }
  return { level, ids, lengths, totalBytes: sumReferences({ ids, lengths }, level) }
}

/** Encodes items [start, end) of a level as one list. */
export function encodeContentList(
  level: number,
  items: ContentReferences,
  start: number,
  end: number,
): Buffer {
  const count = end - start
  const bytes = Buffer.allocUnsafe(listHeaderBytes + referenceBytes * count)
  bytes.writeUInt32LE(magicAndVersion | (level << 16), 0)
  bytes.writeUInt32LE(count, 4)
  for (let item = 0; item < count; item++) {
    const length = items.lengths[start + item]
    bytes.writeUInt32LE(lowWord(length), listHeaderBytes + 4 * item)
    bytes.writeUInt32LE(highWord(length), listHeaderBytes + 4 * (count + item))
  }
  items.ids.copy(bytes, listHeaderBytes + 8 * count, start * 32, end * 32)
  return bytes
}

/**
 * Bytes covered by references of one level together.
 *
 * @throws {DamageError} when one is empty, a chunk is larger than a blob may be, or the sum is above 2^53 - 1.
 */
export function sumReferences(references: ContentReferences, level: number): number {
  const { ids, lengths } = references
  let sum = 0
  for (let item = 0; item < lengths.length; item++) {
    const length = lengths[item]
    if (!(length >= 1)) refuseContent('a reference is empty')
    if (level === 0 && length > blobBytesMax && !isHoleId(ids, item * 32)) {
      refuseContent(`a chunk of ${length} bytes is too large for a blob`)
    }
    sum += length
    if (sum > Number.MAX_SAFE_INTEGER) refuseContent('references cover more than 2^53 bytes')
  }
  return sum
}

/** Whether the 32 bytes from `start` on are zero: the reference stands for zero bytes that are not stored. */
export function isHoleId(ids: Uint8Array, start: number): boolean {
  for (let position = start; position < start + 32; position++) {
    if (ids[position] !== 0) return false
  }
  return true
}
