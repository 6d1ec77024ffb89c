import { DamageError } from '../../foundation/errors.ts'
import type { PackId } from '../../model/ids.ts'
import { expandPayload } from '../compression/expand-payload.ts'
import { createDecompressor } from '../compression/zstd.ts'
import type { Decompressor } from '../compression/zstd.ts'
import {
  checkFrameLengths,
  codecs,
  framePlainBytesMax,
  frameRoles,
  frameTagBytes,
} from '../encryption/frame-descriptor.ts'
import type { Codec, FrameDescriptor } from '../encryption/frame-descriptor.ts'
import { createFrameSealer } from '../encryption/frame-sealer.ts'
import type { FrameSealer } from '../encryption/frame-sealer.ts'
import {
  checkObjectHeader,
  decodeObjectHeader,
  objectHeaderBytes,
} from '../object/object-header.ts'
import type { ObjectHeader } from '../object/object-header.ts'
import { checkObjectId } from '../object/object-name.ts'
import {
  decodePackFooter,
  packFooterBytes,
  trailerDescriptor,
  trailerOffset,
} from './pack-footer.ts'
import type { PackFooter } from './pack-footer.ts'
import { packBytesMax } from './pack-limits.ts'
import { decodePackTrailer } from './pack-trailer.ts'
import type { PackTrailer } from './pack-trailer.ts'

/** What a reader needs besides the pack's bytes. */
export interface PackAccess {
  readonly frameRootKey: Uint8Array
  readonly repositoryId: Buffer
  readonly sealed: boolean
  /** To be shared between packs; a new one when missing. */
  readonly decompressor?: Decompressor
}

export interface OpenedPack {
  readonly header: ObjectHeader
  readonly footer: PackFooter
  readonly trailer: PackTrailer
  /** Plaintext of the trailer, as index objects hold it. */
  readonly trailerPlain: Buffer
  /** Opens this pack's segments. */
  readonly opener: Pick<FrameSealer, 'open'>
}

/** Gives exactly the bytes asked for, or fewer where the object ends. */
export type ReadRange = (offset: number, lengthBytes: number) => Buffer | Promise<Buffer>

const packBytesMin = objectHeaderBytes + frameTagBytes + packFooterBytes

/**
 * Reads what a pack holds from its two ends, in three ranges, without its segments.
 *
 * @param packBytes Length of the pack in the storage.
 * @throws {DamageError} `OBJECT_DAMAGED` when header, footer or trailer are not what was written.
 * @throws {RepositoryError} `FORMAT_UNSUPPORTED` when a newer program wrote the pack.
 */
export async function readPackTrailer(
  readRange: ReadRange,
  packBytes: number,
  access: PackAccess,
): Promise<OpenedPack> {
  checkPackBytes(packBytes)
  const headerBytes = await readRange(0, objectHeaderBytes)
  const footerBytes = await readRange(packBytes - packFooterBytes, packFooterBytes)
  const { header, footer } = decodeEnds(headerBytes, footerBytes, { packBytes, access })
  const sealed = await readRange(trailerOffset(footer), footer.trailerPayloadBytes + frameTagBytes)
  return openTrailer({ header, headerBytes, footer, sealed }, access)
}

/**
 * Reads what a pack in memory holds. The segments are not opened; `openSegment` does that one by
 * one.
 *
 * @param id When given, the bytes must have this plain hash; the padding is guarded by nothing
 * else.
 * @throws {DamageError} `OBJECT_DAMAGED` when header, footer or trailer are not what was written.
 * @throws {RepositoryError} `FORMAT_UNSUPPORTED` when a newer program wrote the pack.
 */
export function decodePack(bytes: Buffer, access: PackAccess, id?: PackId): OpenedPack {
  if (id !== undefined) checkObjectId(bytes, 'pack', id)
  const packBytes = bytes.length
  checkPackBytes(packBytes)
  const headerBytes = bytes.subarray(0, objectHeaderBytes)
  const footerBytes = bytes.subarray(packBytes - packFooterBytes)
  const { header, footer } = decodeEnds(headerBytes, footerBytes, { packBytes, access })
  const sealed = bytes.subarray(trailerOffset(footer), packBytes - packFooterBytes)
  return openTrailer({ header, headerBytes, footer, sealed }, access)
}

function checkPackBytes(packBytes: number): void {
  if (packBytes < packBytesMin || packBytes > packBytesMax) {
    throw new DamageError(`Cannot read pack: ${packBytes} bytes are no possible length`)
  }
}

function decodeEnds(
  headerBytes: Buffer,
  footerBytes: Buffer,
  { packBytes, access }: { packBytes: number; access: PackAccess },
): { header: ObjectHeader; footer: PackFooter } {
  const header = decodeObjectHeader(headerBytes)
  const { sealed, repositoryId } = access
  checkObjectHeader(header, { type: 'pack', sealed, repositoryId })
  return { header, footer: decodePackFooter(footerBytes, packBytes) }
}

interface TrailerParts {
  readonly header: ObjectHeader
  readonly headerBytes: Buffer
  readonly footer: PackFooter
  readonly sealed: Buffer
}

function openTrailer(parts: TrailerParts, access: PackAccess): OpenedPack {
  const { header, headerBytes, footer, sealed } = parts
  const opener = createFrameSealer({ frameRootKey: access.frameRootKey, header: headerBytes })
  const descriptor = trailerDescriptor(footer)
  const payload = opener.open(descriptor, sealed)
  const decompressor = access.decompressor ?? createDecompressor()
  const plain = expandPayload(decompressor, descriptor, payload)
  // A copy where it is a view: who keeps the trailer for an index must not keep the pack with it.
  const trailerPlain = plain.buffer === sealed.buffer ? Buffer.from(plain) : toBuffer(plain)
  const trailer = decodePackTrailer(trailerPlain)
  if (trailer.segmentsEnd + footer.paddingBytes !== trailerOffset(footer)) {
    throw new DamageError(
      'Cannot read pack: segments and padding do not end where the trailer begins',
    )
  }
  return { header, footer, trailer, trailerPlain, opener }
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Where a segment is and what `openSegment` needs to know of it. */
export interface SegmentForm {
  readonly codec: Codec
  /** Place of the segment in its pack, from 0. */
  readonly segmentNumber: number
  readonly plainBytes: number
  readonly payloadBytes: number
}

/** @throws {RangeError} when the pack has no such segment. */
export function segmentFormOf(trailer: PackTrailer, segmentNumber: number): SegmentForm {
  if (
    !Number.isInteger(segmentNumber) ||
    segmentNumber < 0 ||
    segmentNumber >= trailer.segmentCount
  ) {
    throw new RangeError(`The pack has no segment ${segmentNumber}`)
  }
  return {
    // The decoder of the trailer let no other codec pass.
    codec: trailer.codecs[segmentNumber] as Codec,
    segmentNumber,
    plainBytes: trailer.plainBytes[segmentNumber],
    payloadBytes: trailer.payloadBytes[segmentNumber],
  }
}

/** The descriptor under which a segment is sealed. */
export function segmentDescriptor(form: SegmentForm): FrameDescriptor {
  return {
    codec: form.codec,
    role: frameRoles.body,
    frameNumber: form.segmentNumber,
    plainBytes: form.plainBytes,
    payloadBytes: form.payloadBytes,
  }
}

export interface SegmentTools {
  /**
   * Sealer with the header of the segment's pack, which can be formed from the salt in the index.
   */
  readonly opener: Pick<FrameSealer, 'open'>
  readonly decompressor: Decompressor
  /** Where to write the plaintext, at least `plainBytes` long; used again by the caller. */
  readonly target?: Uint8Array
}

/**
 * Opens and expands one segment.
 *
 * @param sealed Payload and tag, exactly.
 * @returns The plaintext: a view of `tools.target`; without one a new buffer, or of a stored
 * segment in an unencrypted pack a view of `sealed`. The ids of its blobs are not checked yet.
 * @throws {DamageError} `OBJECT_DAMAGED`
 */
export function openSegment(
  tools: SegmentTools,
  form: SegmentForm,
  sealed: Uint8Array,
): Uint8Array {
  const { opener, decompressor, target } = tools
  const { codec, plainBytes, payloadBytes } = form
  // The form may come from a catalogue that was damaged: nothing is allocated before it is checked.
  checkFrameLengths(codec, { plainBytes, payloadBytes, plainBytesMax: framePlainBytesMax })
  const descriptor = segmentDescriptor(form)
  if (codec === codecs.stored) return opener.open(descriptor, sealed, target)
  return expandPayload(decompressor, form, opener.open(descriptor, sealed), target)
}
