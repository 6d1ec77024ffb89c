import { randomBytes } from 'node:crypto'
import { DamageError } from '../../foundation/errors.ts'
import type { ObjectId } from '../../model/ids.ts'
import { expandPayload } from '../compression/expand-payload.ts'
import { compressBound, createDecompressor } from '../compression/zstd.ts'
import type { Compressor, Decompressor } from '../compression/zstd.ts'
import {
  codecs,
  decodeFrameDescriptor,
  frameDescriptorBytes,
  framePlainBytesMax,
  frameRoles,
  frameTagBytes,
  listPlainBytesMax,
  writeFrameDescriptor,
} from '../encryption/frame-descriptor.ts'
import type { FrameDescriptor } from '../encryption/frame-descriptor.ts'
import { createFrameSealer } from '../encryption/frame-sealer.ts'
import {
  checkObjectHeader,
  decodeObjectHeader,
  encodeObjectHeader,
  objectHeaderBytes,
  saltBytes,
} from './object-header.ts'
import type { ObjectType } from './object-header.ts'
import { checkObjectId, objectIdOf } from './object-name.ts'

/** Objects of one frame (docs/FORMAT.md, section 5.3). */
export type SmallObjectType = Exclude<ObjectType, 'pack' | 'parity'>

export interface SmallObjectKind {
  readonly type: SmallObjectType
  /** 16 bytes. */
  readonly repositoryId: Buffer
  /** True for AES-256-GCM, false for integrity tags only. */
  readonly sealed: boolean
  readonly frameRootKey: Uint8Array
}

export interface SmallObjectSource extends SmallObjectKind {
  readonly plaintext: Uint8Array
  readonly compressor: Compressor
  /**
   * 32 bytes that no other object has; random when missing. Only for tests that pin bytes: one salt
   * for two plaintexts breaks the encryption.
   */
  readonly salt?: Buffer
}

export interface SealedObject {
  readonly id: ObjectId
  readonly bytes: Buffer
}

export interface SmallObjectExpectation extends SmallObjectKind {
  /** The name under which the bytes were found; checked when given. */
  readonly id?: ObjectId
  /** To be shared between objects; a new one when missing. */
  readonly decompressor?: Decompressor
}

const bodyOffset = objectHeaderBytes + frameDescriptorBytes

/**
 * Compresses and seals the plaintext of an index, snapshot or journal object under a new salt.
 *
 * @throws {RangeError} when the plaintext is longer than its type may be.
 */
export function sealSmallObject(source: SmallObjectSource): SealedObject {
  const { type, repositoryId, sealed, frameRootKey, plaintext, compressor } = source
  if (plaintext.length > plainBytesMaxOf(type)) {
    throw new RangeError(`A plaintext of ${plaintext.length} bytes is too long for type "${type}"`)
  }
  const salt = source.salt ?? randomBytes(saltBytes)
  const header = encodeObjectHeader({ type, sealed, repositoryId, salt })
  const compressed = Buffer.allocUnsafe(compressBound(plaintext.length))
  const { codec, bytes: payloadBytes } = compressor.compress(plaintext, compressed)
  const payload = codec === codecs.stored ? plaintext : compressed.subarray(0, payloadBytes)
  const descriptor: FrameDescriptor = {
    codec,
    role: frameRoles.body,
    frameNumber: 0,
    plainBytes: plaintext.length,
    payloadBytes,
  }
  const bytes = Buffer.allocUnsafe(bodyOffset + payloadBytes + frameTagBytes)
  bytes.set(header, 0)
  writeFrameDescriptor(descriptor, bytes, objectHeaderBytes)
  createFrameSealer({ frameRootKey, header }).seal(descriptor, payload, bytes, bodyOffset)
  return { id: objectIdOf(bytes), bytes }
}

/**
 * Checks and opens an index, snapshot or journal object.
 *
 * @returns The plaintext; of an unencrypted, stored object a view of `bytes`.
 * @throws {DamageError} `OBJECT_DAMAGED` when the bytes are not what was written under this name,
 * in this repository, as this type.
 * @throws {RepositoryError} `FORMAT_UNSUPPORTED` when a newer program wrote the object.
 */
export function openSmallObject(bytes: Uint8Array, expected: SmallObjectExpectation): Buffer {
  const { type, frameRootKey, id } = expected
  if (id !== undefined) checkObjectId(bytes, type, id)
  checkObjectHeader(decodeObjectHeader(bytes), expected)
  const descriptor = decodeFrameDescriptor(bytes.subarray(objectHeaderBytes), plainBytesMaxOf(type))
  if (descriptor.role !== frameRoles.body || descriptor.frameNumber !== 0) {
    throw new DamageError(`Cannot read ${type}: its frame belongs to another place`)
  }
  const opener = createFrameSealer({ frameRootKey, header: bytes.subarray(0, objectHeaderBytes) })
  const payload = opener.open(descriptor, bytes.subarray(bodyOffset))
  const decompressor = expected.decompressor ?? createDecompressor()
  const plain = expandPayload(decompressor, descriptor, payload)
  return Buffer.from(plain.buffer, plain.byteOffset, plain.length)
}

function plainBytesMaxOf(type: SmallObjectType): number {
  return type === 'index' ? listPlainBytesMax : framePlainBytesMax
}
