import { DamageError } from '../../foundation/errors.ts'
import {
  checkFrameLengths,
  frameRoles,
  frameTagBytes,
  listPlainBytesMax,
} from '../encryption/frame-descriptor.ts'
import type { Codec, FrameDescriptor } from '../encryption/frame-descriptor.ts'
import { objectHeaderBytes } from '../object/object-header.ts'
import { packBytesMax } from './pack-limits.ts'

/** The last 32 bytes of a pack, in the clear: how to find and open its trailer. */
export interface PackFooter {
  readonly trailerPayloadBytes: number
  readonly trailerPlainBytes: number
  readonly trailerCodec: Codec
  readonly paddingBytes: number
  /** Length of the whole pack. */
  readonly packBytes: number
}

export const packFooterBytes = 32
const magic = Buffer.from('HFPACKv1', 'latin1')
const codecAt = 8
const zeroAt = 9
const paddingAt = 12
const packBytesAt = 16
const magicAt = 24

/** Bytes of a pack beside segments, padding and trailer payload. */
const fixedBytes = objectHeaderBytes + frameTagBytes + packFooterBytes

/** @throws {RangeError} when the lengths do not fit a pack. */
export function encodePackFooter(footer: PackFooter): Buffer {
  const bytes = Buffer.alloc(packFooterBytes)
  bytes.writeUInt32LE(footer.trailerPayloadBytes, 0)
  bytes.writeUInt32LE(footer.trailerPlainBytes, 4)
  bytes.writeUInt8(footer.trailerCodec, codecAt)
  bytes.writeUInt32LE(footer.paddingBytes, paddingAt)
  bytes.writeBigUInt64LE(BigInt(footer.packBytes), packBytesAt)
  bytes.set(magic, magicAt)
  try {
    decodePackFooter(bytes, footer.packBytes)
  } catch (cause) {
    throw new RangeError('The lengths are no valid pack footer', { cause })
  }
  return bytes
}

/**
 * Reads a footer and checks it against the length that the pack has in the storage.
 *
 * @param bytes The last 32 bytes of the pack.
 * @throws {DamageError} `OBJECT_DAMAGED`, also when the pack is cut off or something follows it.
 */
export function decodePackFooter(bytes: Uint8Array, packBytes: number): PackFooter {
  if (bytes.length !== packFooterBytes) throw damage(`it has ${bytes.length} bytes instead of 32`)
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!view.subarray(magicAt).equals(magic)) throw damage('it does not end in "HFPACKv1"')
  if (view.subarray(zeroAt, paddingAt).some((byte) => byte !== 0)) {
    throw damage('reserved bytes are not zero')
  }
  if (view.readBigUInt64LE(packBytesAt) !== BigInt(packBytes)) {
    throw damage(
      `it announces ${view.readBigUInt64LE(packBytesAt)} bytes, the pack has ${packBytes}`,
    )
  }
  if (packBytes > packBytesMax) throw damage(`a pack of ${packBytes} bytes is too long`)
  const trailerPayloadBytes = view.readUInt32LE(0)
  const trailerPlainBytes = view.readUInt32LE(4)
  const trailerCodec = checkFrameLengths(view[codecAt], {
    plainBytes: trailerPlainBytes,
    payloadBytes: trailerPayloadBytes,
    plainBytesMax: listPlainBytesMax,
  })
  const paddingBytes = view.readUInt32LE(paddingAt)
  if (fixedBytes + paddingBytes + trailerPayloadBytes > packBytes) {
    throw damage('its lengths are more than the pack')
  }
  return { trailerPayloadBytes, trailerPlainBytes, trailerCodec, paddingBytes, packBytes }
}

/** The descriptor of the trailer's frame. */
export function trailerDescriptor(footer: PackFooter): FrameDescriptor {
  return {
    codec: footer.trailerCodec,
    role: frameRoles.trailer,
    frameNumber: 0,
    plainBytes: footer.trailerPlainBytes,
    payloadBytes: footer.trailerPayloadBytes,
  }
}

/** Where the trailer's payload begins. */
export function trailerOffset(footer: PackFooter): number {
  return footer.packBytes - packFooterBytes - frameTagBytes - footer.trailerPayloadBytes
}

function damage(state: string): DamageError {
  return new DamageError(`Cannot read pack footer: ${state}`)
}
