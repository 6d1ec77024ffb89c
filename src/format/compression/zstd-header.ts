import { DamageError } from '../../foundation/errors.ts'

export interface ZstdHeader {
  /** Plaintext length that the frame announces; undefined when it does not say. */
  readonly contentBytes: number | undefined
  readonly windowBytes: number
}

const magic = 0xfd2f_b528
const windowBytesMax = 2 ** 27
const singleSegmentFlag = 0x20
const reservedFlag = 0x08
const dictionaryBits = 0x03

/**
 * Reads the header of a zstd frame and refuses what the repository format forbids: a window above
 * 2^27, a dictionary, or anything that is not a zstd frame (skippable frames too).
 *
 * @throws {DamageError} `OBJECT_DAMAGED`
 * @see RFC 8878, section 3.1.1.1.
 */
export function readZstdHeader(payload: Uint8Array): ZstdHeader {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  if (payload.length < 6 || view.getUint32(0, true) !== magic) {
    throw new DamageError('Cannot decompress: this is no zstd frame')
  }
  const flags = view.getUint8(4)
  if ((flags & reservedFlag) !== 0) {
    throw new DamageError('Cannot decompress: the reserved bit of the zstd frame is set')
  }
  if ((flags & dictionaryBits) !== 0) {
    throw new DamageError('Cannot decompress: the zstd frame asks for a dictionary')
  }
  const isSingleSegment = (flags & singleSegmentFlag) !== 0
  const contentBytes = readContentBytes(view, flags >> 6, isSingleSegment)
  // A frame of a single segment always announces its content, and its window is the whole of it.
  const windowBytes = isSingleSegment ? (contentBytes ?? 0) : windowOfDescriptor(view.getUint8(5))
  if (windowBytes > windowBytesMax) {
    throw new DamageError(`Cannot decompress: a window of ${windowBytes} bytes is too large`)
  }
  return { contentBytes, windowBytes }
}

function windowOfDescriptor(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

function readContentBytes(
  view: DataView,
  sizeCode: number,
  isSingleSegment: boolean,
): number | undefined {
  const offset = isSingleSegment ? 5 : 6
  if (sizeCode === 0 && !isSingleSegment) return undefined
  const fieldBytes = 2 ** sizeCode
  if (view.byteLength < offset + fieldBytes) {
    throw new DamageError('Cannot decompress: the zstd frame is cut off within its header')
  }
  if (fieldBytes === 1) return view.getUint8(offset)
  if (fieldBytes === 2) return view.getUint16(offset, true) + 256
  if (fieldBytes === 4) return view.getUint32(offset, true)
  return Number(view.getBigUint64(offset, true))
}
