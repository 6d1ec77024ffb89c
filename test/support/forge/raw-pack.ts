import { createCompressor, compressBound } from '../../../src/format/compression/zstd.ts'
import type { FrameDescriptor } from '../../../src/format/encryption/frame-descriptor.ts'
import { createFrameSealer } from '../../../src/format/encryption/frame-sealer.ts'

/** A blob as the trailer shall name it; its bytes may be others. */
export interface RawBlob {
  readonly id: Uint8Array
  readonly bytes: Uint8Array
  /** What the trailer says, where that is not the length of the bytes. */
  readonly lengthBytes?: number
}

export interface RawSegment {
  readonly kind: number
  readonly blobs: readonly RawBlob[]
  /** Put into the frame as it is, sealed with this descriptor's lengths; else the blobs, compressed when that helps. */
  readonly payload?: Uint8Array
  readonly codec?: number
  readonly plainBytes?: number
  /** What the trailer says besides, where that is not what was sealed. */
  readonly told?: {
    readonly payloadBytes?: number
    readonly plainBytes?: number
    readonly blobCount?: number
  }
}

export interface RawPack {
  readonly segments: readonly RawSegment[]
  /** Plaintext of the trailer instead of the one that belongs to the segments. */
  readonly trailer?: Buffer
}

export interface SealedPack {
  readonly bytes: Buffer
  readonly trailer: Buffer
}

/** Writes a pack (docs/FORMAT.md, section 7) with true seals around whatever the segments and the trailer say. */
export function encodeRawPack(
  frameRootKey: Uint8Array,
  header: Buffer,
  { segments, trailer }: RawPack,
): SealedPack {
  const sealer = createFrameSealer({ frameRootKey, header })
  const parts: Buffer[] = [header]
  const rows: Buffer[] = []
  for (const [frameNumber, segment] of segments.entries()) {
    const plain = Buffer.concat(segment.blobs.map(({ bytes }) => bytes))
    const frame = frameOf(segment, plain)
    parts.push(sealFrame(sealer, { ...frame, role: 0, frameNumber }))
    const row = Buffer.alloc(16)
    row.writeUInt32LE(segment.told?.payloadBytes ?? frame.payload.length, 0)
    row.writeUInt32LE(segment.told?.plainBytes ?? frame.plainBytes, 4)
    row.writeUInt32LE(segment.told?.blobCount ?? segment.blobs.length, 8)
    row.writeUInt8(frame.codec, 12)
    row.writeUInt8(segment.kind, 13)
    rows.push(row)
  }
  const blobs = segments.flatMap((segment) => segment.blobs)
  const counts = Buffer.alloc(8)
  counts.writeUInt32LE(segments.length, 0)
  counts.writeUInt32LE(blobs.length, 4)
  const lengths = Buffer.alloc(4 * blobs.length)
  for (const [index, blob] of blobs.entries()) {
    lengths.writeUInt32LE(blob.lengthBytes ?? blob.bytes.length, 4 * index)
  }
  const plain = trailer ?? Buffer.concat([counts, ...rows, lengths, ...blobs.map(({ id }) => id)])
  const { codec, payload, plainBytes } = shrink(plain)
  parts.push(sealFrame(sealer, { codec, payload, plainBytes, role: 1, frameNumber: 0 }))
  const footer = Buffer.alloc(32)
  footer.writeUInt32LE(payload.length, 0)
  footer.writeUInt32LE(plainBytes, 4)
  footer.writeUInt8(codec, 8)
  footer.writeBigUInt64LE(BigInt(parts.reduce((sum, { length }) => sum + length, 32)), 16)
  footer.write('HFPACKv1', 24, 'latin1')
  return { bytes: Buffer.concat([...parts, footer]), trailer: plain }
}

interface Frame {
  readonly codec: number
  readonly payload: Uint8Array
  readonly plainBytes: number
}

function frameOf(segment: RawSegment, plain: Buffer): Frame {
  if (segment.payload === undefined) return shrink(plain)
  const { payload, codec = 0, plainBytes = plain.length } = segment
  return { codec, payload, plainBytes }
}

export function shrink(plain: Buffer): Frame {
  const room = Buffer.allocUnsafe(compressBound(plain.length))
  const { codec, bytes } = createCompressor(3).compress(plain, room)
  const payload = codec === 0 ? plain : room.subarray(0, bytes)
  return { codec, payload, plainBytes: plain.length }
}

function sealFrame(
  sealer: ReturnType<typeof createFrameSealer>,
  { payload, ...frame }: Frame & { role: 0 | 1; frameNumber: number },
): Buffer {
  const descriptor = { ...frame, payloadBytes: payload.length } as FrameDescriptor
  const sealed = Buffer.alloc(payload.length + 16)
  sealer.seal(descriptor, payload, sealed, 0)
  return sealed
}
