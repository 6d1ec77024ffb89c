import { createCipheriv, createDecipheriv, createSecretKey, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { DamageError } from '../../foundation/errors.ts'
import { createBlobHasher, createKeyedHasher } from '../hashing/blob-hasher.ts'
import { decodeObjectHeader, objectHeaderBytes } from '../object/object-header.ts'
import { frameDescriptorBytes, frameTagBytes, writeFrameDescriptor } from './frame-descriptor.ts'
import type { FrameDescriptor } from './frame-descriptor.ts'

/** Seals and opens the frames of one object (docs/FORMAT.md, section 5.2). */
export interface FrameSealer {
  /**
   * Writes payload and tag.
   *
   * A position is sealed once: frame numbers must ascend within a role, because a second payload
   * under the same key and nonce would give both away. Start a new object, with a new salt, to
   * write again.
   *
   * @param target At least `payload.length + 16` bytes from `targetOffset`. It may hold the payload
   * at that very place, but must not overlap it otherwise.
   * @returns Bytes written: `payload.length + 16`.
   * @throws {RangeError} when a length does not fit or the position was sealed before.
   */
  seal(
    descriptor: FrameDescriptor,
    payload: Uint8Array,
    target: Uint8Array,
    targetOffset: number,
  ): number
  /**
   * Checks the tag and gives the payload.
   *
   * @param sealed Exactly payload and tag.
   * @param target Where to write the payload, not overlapping `sealed`; when the tag is wrong the
   * part of it that was written is zeroed before the error leaves. Memory that other threads read
   * must not be given.
   * @returns A view of `target`; without one a new buffer, or of an unencrypted object a view of
   * `sealed`.
   * @throws {DamageError} `OBJECT_DAMAGED` when the bytes are not what was sealed at this place.
   */
  open(descriptor: FrameDescriptor, sealed: Uint8Array, target?: Uint8Array): Uint8Array
}

export interface FrameSealerOptions {
  readonly frameRootKey: Uint8Array
  /** The object's 64-byte header; its salt selects the key, its sealing the method. */
  readonly header: Uint8Array
}

/**
 * One of the two ways to protect a frame. The additional data stay the same buffer for every frame.
 */
interface FrameCipher {
  seal(descriptor: FrameDescriptor, payload: Uint8Array, room: Uint8Array): void
  open(descriptor: FrameDescriptor, sealed: Uint8Array, target: Uint8Array | undefined): Uint8Array
}

const cipherName = 'aes-256-gcm'
const nonceBytes = 12
const nonceFrameNumberOffset = 4
// Without this option Node accepts tags of 4 bytes when it opens.
const cipherOptions = { authTagLength: frameTagBytes } as const
// Node gives every update() a new buffer. Pieces of 64 KiB come from memory that malloc has at hand
// and are still in the cache when they are copied: 3.4 GB/s, where one piece of 1 MiB gives 2.4
// (page faults).
const pieceBytes = 65_536

/**
 * Makes the sealer of one object.
 *
 * @throws {DamageError | RepositoryError} when the header is not one (see `decodeObjectHeader`).
 * @throws {RangeError} when the key is not 32 bytes.
 */
export function createFrameSealer(options: FrameSealerOptions): FrameSealer {
  const { frameRootKey, header } = options
  const { sealed, salt } = decodeObjectHeader(header)
  if (frameRootKey.length !== 32) throw new RangeError('A frame root key is 32 bytes')
  const frameKey = createBlobHasher(frameRootKey).hash(salt)
  const additionalData = Buffer.alloc(objectHeaderBytes + frameDescriptorBytes)
  additionalData.set(header.subarray(0, objectHeaderBytes), 0)
  const cipher = sealed
    ? createGcmCipher(frameKey, additionalData)
    : createTagCipher(frameKey, additionalData)
  const lastNumberOfRole = [-1, -1]
  return {
    seal(descriptor, payload, target, targetOffset) {
      const { role, frameNumber, payloadBytes } = descriptor
      const end = targetOffset + payload.length + frameTagBytes
      if (payload.length !== payloadBytes || end > target.length) {
        throw new RangeError('A sealed frame does not fit its descriptor or its target')
      }
      if (frameNumber <= lastNumberOfRole[role]) {
        throw new RangeError(`Frame ${frameNumber} of this object was sealed before`)
      }
      writeFrameDescriptor(descriptor, additionalData, objectHeaderBytes)
      lastNumberOfRole[role] = frameNumber
      cipher.seal(descriptor, payload, target.subarray(targetOffset, end))
      return end - targetOffset
    },
    open(descriptor, sealedBytes, target) {
      const { payloadBytes } = descriptor
      if (sealedBytes.length !== payloadBytes + frameTagBytes) {
        throw new DamageError(
          `Cannot open frame: ${sealedBytes.length} bytes, not ${payloadBytes + frameTagBytes}`,
        )
      }
      if (target !== undefined && target.length < payloadBytes) {
        throw new RangeError('The target is shorter than the payload')
      }
      writeFrameDescriptor(descriptor, additionalData, objectHeaderBytes)
      return cipher.open(descriptor, sealedBytes, target)
    },
  }
}

function createGcmCipher(frameKey: Uint8Array, additionalData: Uint8Array): FrameCipher {
  const key: KeyObject = createSecretKey(frameKey)
  const nonce = Buffer.alloc(nonceBytes)
  const setNonce = ({ role, frameNumber }: FrameDescriptor): void => {
    nonce[0] = role
    // The upper half of the 64-bit number stays zero: descriptors carry 32 bits.
    nonce.writeUInt32LE(frameNumber, nonceFrameNumberOffset)
  }
  return {
    seal(descriptor, payload, room) {
      setNonce(descriptor)
      const cipher = createCipheriv(cipherName, key, nonce, cipherOptions)
      cipher.setAAD(additionalData)
      transform(cipher, payload, room)
      cipher.final()
      room.set(cipher.getAuthTag(), payload.length)
    },
    open(descriptor, sealed, target) {
      setNonce(descriptor)
      const { payloadBytes } = descriptor
      const room = target?.subarray(0, payloadBytes) ?? Buffer.allocUnsafe(payloadBytes)
      const decipher = createDecipheriv(cipherName, key, nonce, cipherOptions)
      decipher.setAAD(additionalData)
      decipher.setAuthTag(sealed.subarray(payloadBytes))
      transform(decipher, sealed.subarray(0, payloadBytes), room)
      try {
        decipher.final()
      } catch (cause) {
        room.fill(0)
        throw frameDamage(descriptor, cause)
      }
      return room
    },
  }
}

function transform(
  cipher: { update(bytes: Uint8Array): Uint8Array },
  source: Uint8Array,
  room: Uint8Array,
): void {
  for (let offset = 0; offset < source.length; offset += pieceBytes) {
    room.set(cipher.update(source.subarray(offset, offset + pieceBytes)), offset)
  }
}

function createTagCipher(frameKey: Uint8Array, additionalData: Uint8Array): FrameCipher {
  const hasher = createKeyedHasher(frameKey)
  const tagOf = (payload: Uint8Array): Uint8Array => {
    hasher.reset()
    return hasher.update(additionalData).update(payload).digest().subarray(0, frameTagBytes)
  }
  return {
    seal(_descriptor, payload, room) {
      const isInPlace = payload.buffer === room.buffer && payload.byteOffset === room.byteOffset
      if (!isInPlace) room.set(payload, 0)
      room.set(tagOf(room.subarray(0, payload.length)), payload.length)
    },
    open(descriptor, sealed, target) {
      const payload = sealed.subarray(0, descriptor.payloadBytes)
      if (!timingSafeEqual(tagOf(payload), sealed.subarray(descriptor.payloadBytes))) {
        throw frameDamage(descriptor)
      }
      if (target === undefined) return payload
      const room = target.subarray(0, payload.length)
      room.set(payload, 0)
      return room
    },
  }
}

function frameDamage(descriptor: FrameDescriptor, cause?: unknown): DamageError {
  const { role, frameNumber } = descriptor
  const name = role === 0 ? `frame ${frameNumber}` : 'trailer'
  return new DamageError(`Cannot open ${name}: its tag does not match`, {
    facts: { role, frameNumber },
    ...(cause === undefined ? {} : { cause }),
  })
}
