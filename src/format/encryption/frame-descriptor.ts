import { DamageError } from '../../foundation/errors.ts'

/** 0 stored as it is, 1 one zstd frame without dictionary. */
export type Codec = 0 | 1
export const codecs = { stored: 0, zstd: 1 } as const

/** 0 body of a small object or segment of a pack, 1 trailer of a pack. */
export type FrameRole = 0 | 1
export const frameRoles = { body: 0, trailer: 1 } as const

/** What a frame says about itself (docs/FORMAT.md, section 5.2). */
export interface FrameDescriptor {
  readonly codec: Codec
  readonly role: FrameRole
  /** Place within the object and role, from 0. */
  readonly frameNumber: number
  readonly plainBytes: number
  readonly payloadBytes: number
}

export const frameDescriptorBytes = 16
export const frameTagBytes = 16
/** Longest plaintext of a frame, except index objects and pack trailers. */
export const framePlainBytesMax = 33_554_432
/** Longest plaintext of an index object or a pack trailer. */
export const listPlainBytesMax = 268_435_456

/** @throws {RangeError} when a field cannot stand in a descriptor. */
export function encodeFrameDescriptor(descriptor: FrameDescriptor): Buffer {
  const bytes = Buffer.alloc(frameDescriptorBytes)
  writeFrameDescriptor(descriptor, bytes, 0)
  return bytes
}

/**
 * Writes the 16 bytes of a descriptor into a buffer that is used again for every frame.
 *
 * @throws {RangeError} when a field cannot stand in a descriptor.
 */
export function writeFrameDescriptor(
  descriptor: FrameDescriptor,
  target: Buffer,
  targetOffset: number,
): void {
  const { codec, role, frameNumber, plainBytes, payloadBytes } = descriptor
  if (codec === codecs.stored && plainBytes !== payloadBytes) {
    throw new RangeError('A stored frame has a payload as long as its plaintext')
  }
  target.writeUInt8(codec, targetOffset)
  target.writeUInt8(role, targetOffset + 1)
  target.writeUInt16LE(0, targetOffset + 2)
  target.writeUInt32LE(frameNumber, targetOffset + 4)
  target.writeUInt32LE(plainBytes, targetOffset + 8)
  target.writeUInt32LE(payloadBytes, targetOffset + 12)
}

/**
 * Reads the descriptor at the start of `bytes` and checks it against the limits of the format, so
 * that nobody allocates what a damaged length asks for.
 *
 * @param plainBytesMax `framePlainBytesMax` or `listPlainBytesMax`.
 * @throws {DamageError} `OBJECT_DAMAGED`
 */
export function decodeFrameDescriptor(bytes: Uint8Array, plainBytesMax: number): FrameDescriptor {
  if (bytes.length < frameDescriptorBytes) {
    throw new DamageError(`Cannot read frame: only ${bytes.length} of 16 descriptor bytes`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, frameDescriptorBytes)
  const role = view.getUint8(1)
  if (role !== frameRoles.body && role !== frameRoles.trailer) {
    throw new DamageError(`Cannot read frame: role ${role} is unknown`)
  }
  if (view.getUint16(2, true) !== 0) {
    throw new DamageError('Cannot read frame: reserved bytes are not zero')
  }
  const plainBytes = view.getUint32(8, true)
  const payloadBytes = view.getUint32(12, true)
  const codec = checkFrameLengths(view.getUint8(0), { plainBytes, payloadBytes, plainBytesMax })
  return { codec, role, frameNumber: view.getUint32(4, true), plainBytes, payloadBytes }
}

export interface FrameLengths {
  readonly plainBytes: number
  readonly payloadBytes: number
  readonly plainBytesMax: number
}

/**
 * Checks a codec and the lengths that go with it, wherever the object states them (descriptor,
 * footer, trailer).
 *
 * @throws {DamageError} `OBJECT_DAMAGED`
 */
export function checkFrameLengths(codec: number, lengths: FrameLengths): Codec {
  const { plainBytes, payloadBytes, plainBytesMax } = lengths
  if (codec !== codecs.stored && codec !== codecs.zstd) {
    throw new DamageError(`Cannot read frame: codec ${codec} is unknown`)
  }
  if (plainBytes > plainBytesMax) {
    throw new DamageError(`Cannot read frame: ${plainBytes} plaintext bytes are too many`)
  }
  if (codec === codecs.stored && plainBytes !== payloadBytes) {
    throw new DamageError('Cannot read frame: it is stored, but its two lengths differ')
  }
  // Otherwise a few bytes of an index could make a reader ask for four gigabytes.
  if (codec === codecs.zstd && payloadBytes > plainBytes) {
    throw new DamageError('Cannot read frame: it is compressed and longer than its plaintext')
  }
  return codec
}
