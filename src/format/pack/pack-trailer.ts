import { DamageError } from '../../foundation/errors.ts'
import { idBytes } from '../../model/ids.ts'
import {
  checkFrameLengths,
  framePlainBytesMax,
  frameTagBytes,
} from '../encryption/frame-descriptor.ts'
import { objectHeaderBytes } from '../object/object-header.ts'
import { blobCountMax, packBytesMax, segmentCountMax } from './pack-limits.ts'
import { readUint32Column, writeUint32Column } from './uint32-column.ts'

/** What a pack holds, column by column; the order is that of the segments in the pack. */
export interface PackTrailerColumns {
  readonly payloadBytes: ArrayLike<number>
  readonly plainBytes: ArrayLike<number>
  readonly blobCounts: ArrayLike<number>
  /** 0 stored, 1 zstd. */
  readonly codecs: ArrayLike<number>
  /** 0 data, 1 tree. */
  readonly kinds: ArrayLike<number>
  /** Of all blobs, segment by segment. */
  readonly blobLengths: ArrayLike<number>
  /** 32 bytes of each blob, in the same order. */
  readonly ids: Uint8Array
}

/** A trailer that was read; no object per blob, because an index names millions of them. */
export interface PackTrailer extends PackTrailerColumns {
  readonly segmentCount: number
  readonly blobCount: number
  readonly payloadBytes: Uint32Array
  readonly plainBytes: Uint32Array
  readonly blobCounts: Uint32Array
  readonly codecs: Uint8Array
  readonly kinds: Uint8Array
  /** Where each segment's payload begins in the pack. */
  readonly offsets: Float64Array
  /** Place of each segment's first blob in `blobLengths` and `ids`. */
  readonly firstBlobs: Uint32Array
  /** Offset behind the last segment's tag, where the padding begins. */
  readonly segmentsEnd: number
  readonly blobLengths: Uint32Array
  readonly ids: Buffer
}

/** Kinds of blobs as the trailer numbers them. */
export const blobKinds = { data: 0, tree: 1 } as const

const countsBytes = 8
const segmentBytes = 16
const bytesPerBlob = 4 + idBytes
const plainBytesAt = 4
const blobCountAt = 8
const codecAt = 12
const kindAt = 13
const zeroAt = 14

/** Bytes of the trailer's plaintext. */
export function packTrailerBytes(segmentCount: number, blobCount: number): number {
  return countsBytes + segmentBytes * segmentCount + bytesPerBlob * blobCount
}

/**
 * Writes the plaintext of a trailer.
 *
 * @throws {RangeError} when the columns have different lengths or do not fit the format; nothing
 * that `decodePackTrailer` refuses is ever written.
 */
export function encodePackTrailer(columns: PackTrailerColumns): Buffer {
  const segmentCount = columns.payloadBytes.length
  const blobCount = columns.blobLengths.length
  checkColumnLengths(columns, segmentCount, blobCount)
  const bytes = Buffer.alloc(packTrailerBytes(segmentCount, blobCount))
  bytes.writeUInt32LE(segmentCount, 0)
  bytes.writeUInt32LE(blobCount, 4)
  for (let index = 0; index < segmentCount; index++) {
    const at = countsBytes + segmentBytes * index
    bytes.writeUInt32LE(columns.payloadBytes[index], at)
    bytes.writeUInt32LE(columns.plainBytes[index], at + plainBytesAt)
    bytes.writeUInt32LE(columns.blobCounts[index], at + blobCountAt)
    bytes.writeUInt8(columns.codecs[index], at + codecAt)
    bytes.writeUInt8(columns.kinds[index], at + kindAt)
  }
  const lengthsAt = countsBytes + segmentBytes * segmentCount
  writeUint32Column(columns.blobLengths, bytes, lengthsAt)
  bytes.set(columns.ids, lengthsAt + 4 * blobCount)
  try {
    decodePackTrailer(bytes)
  } catch (cause) {
    throw new RangeError('The columns are no valid pack trailer', { cause })
  }
  return bytes
}

function checkColumnLengths(
  columns: PackTrailerColumns,
  segmentCount: number,
  blobCount: number,
): void {
  const { plainBytes, blobCounts, codecs, kinds, ids } = columns
  const ofSegments = [plainBytes, blobCounts, codecs, kinds]
  if (ofSegments.some((column) => column.length !== segmentCount)) {
    throw new RangeError('The columns of a pack trailer have different lengths')
  }
  if (ids.length !== idBytes * blobCount) throw new RangeError('A pack trailer has 32 bytes per id')
  if (segmentCount > segmentCountMax || blobCount > blobCountMax) {
    throw new RangeError('A pack trailer has too many segments or blobs')
  }
}

/**
 * Reads the plaintext of a trailer and checks everything that the format says of it. The lengths
 * and ids may be views of `bytes`, which must then not be written to again.
 *
 * @throws {DamageError} `OBJECT_DAMAGED`
 */
export function decodePackTrailer(bytes: Uint8Array): PackTrailer {
  const { segmentCount, blobCount } = readCounts(bytes)
  const segments = readSegments(bytes, segmentCount, blobCount)
  const lengthsAt = countsBytes + segmentBytes * segmentCount
  const blobLengths = readUint32Column(bytes, lengthsAt, blobCount)
  checkBlobLengths(segments, blobLengths)
  const idsAt = bytes.byteOffset + lengthsAt + 4 * blobCount
  const ids = Buffer.from(bytes.buffer, idsAt, idBytes * blobCount)
  return { segmentCount, blobCount, ...segments, blobLengths, ids }
}

function readCounts(bytes: Uint8Array): { segmentCount: number; blobCount: number } {
  if (bytes.length < countsBytes) throw damage('it is cut off')
  const view = new DataView(bytes.buffer, bytes.byteOffset, countsBytes)
  const segmentCount = view.getUint32(0, true)
  const blobCount = view.getUint32(4, true)
  if (segmentCount > segmentCountMax) throw damage(`${segmentCount} segments are too many`)
  if (blobCount > blobCountMax) throw damage(`${blobCount} blobs are too many`)
  const expectedBytes = packTrailerBytes(segmentCount, blobCount)
  if (bytes.length !== expectedBytes) {
    throw damage(`it has ${bytes.length} bytes instead of ${expectedBytes}`)
  }
  return { segmentCount, blobCount }
}

type SegmentColumns = Pick<
  PackTrailer,
  | 'payloadBytes'
  | 'plainBytes'
  | 'blobCounts'
  | 'codecs'
  | 'kinds'
  | 'offsets'
  | 'firstBlobs'
  | 'segmentsEnd'
>

function readSegments(bytes: Uint8Array, segmentCount: number, blobCount: number): SegmentColumns {
  const payloadBytes = new Uint32Array(segmentCount)
  const plainBytes = new Uint32Array(segmentCount)
  const blobCounts = new Uint32Array(segmentCount)
  const codecs = new Uint8Array(segmentCount)
  const kinds = new Uint8Array(segmentCount)
  const offsets = new Float64Array(segmentCount)
  const firstBlobs = new Uint32Array(segmentCount)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let segmentsEnd = objectHeaderBytes
  let blobsSeen = 0
  for (let index = 0; index < segmentCount; index++) {
    const at = countsBytes + segmentBytes * index
    payloadBytes[index] = view.getUint32(at, true)
    plainBytes[index] = view.getUint32(at + plainBytesAt, true)
    blobCounts[index] = view.getUint32(at + blobCountAt, true)
    codecs[index] = view.getUint8(at + codecAt)
    kinds[index] = view.getUint8(at + kindAt)
    if (kinds[index] > blobKinds.tree) throw damage(`kind ${kinds[index]} is unknown`)
    if (view.getUint16(at + zeroAt, true) !== 0) throw damage('reserved bytes are not zero')
    checkSegmentLengths(codecs[index], payloadBytes[index], plainBytes[index])
    offsets[index] = segmentsEnd
    firstBlobs[index] = blobsSeen
    segmentsEnd += payloadBytes[index] + frameTagBytes
    blobsSeen += blobCounts[index]
  }
  if (blobsSeen !== blobCount) throw damage(`its segments hold ${blobsSeen} of ${blobCount} blobs`)
  if (segmentsEnd > packBytesMax) throw damage('its segments are longer than a pack')
  return { payloadBytes, plainBytes, blobCounts, codecs, kinds, offsets, firstBlobs, segmentsEnd }
}

function checkSegmentLengths(codec: number, payloadBytes: number, plainBytes: number): void {
  if (payloadBytes === 0) throw damage('a segment has an empty payload')
  checkFrameLengths(codec, { plainBytes, payloadBytes, plainBytesMax: framePlainBytesMax })
}

function checkBlobLengths(segments: SegmentColumns, blobLengths: Uint32Array): void {
  const { plainBytes, blobCounts, firstBlobs } = segments
  for (let index = 0; index < plainBytes.length; index++) {
    const end = firstBlobs[index] + blobCounts[index]
    let sum = 0
    for (let blob = firstBlobs[index]; blob < end; blob++) {
      if (blobLengths[blob] === 0) throw damage(`blob ${blob} is empty`)
      sum += blobLengths[blob]
    }
    if (sum !== plainBytes[index]) throw damage(`the blobs of segment ${index} do not fill it`)
  }
}

function damage(state: string): DamageError {
  return new DamageError(`Cannot read pack trailer: ${state}`)
}
