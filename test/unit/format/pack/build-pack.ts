import { createCompressor, compressBound } from '../../../../src/format/compression/zstd.ts'
import { createFrameSealer } from '../../../../src/format/encryption/frame-sealer.ts'
import { createBlobHasher } from '../../../../src/format/hashing/blob-hasher.ts'
import { encodeObjectHeader } from '../../../../src/format/object/object-header.ts'
import { encodePackFooter } from '../../../../src/format/pack/pack-footer.ts'
import { encodePackTrailer } from '../../../../src/format/pack/pack-trailer.ts'
import type { PackTrailerColumns } from '../../../../src/format/pack/pack-trailer.ts'
import { frameRootKey, keys, repositoryId, salt } from '../object/fixed-repository.ts'

export interface SegmentSource {
  readonly kind: 0 | 1
  readonly blobs: readonly Uint8Array[]
  /** Puts the plaintext there as it is. */
  readonly isStored?: boolean
}

export interface PackSource {
  readonly segments: readonly SegmentSource[]
  readonly sealed: boolean
  readonly salt?: Buffer
  readonly repositoryId?: Buffer
  readonly paddingBytes?: number
  readonly isTrailerStored?: boolean
}

/** Builds a pack with the module's own encoders, one step after the other. */
export function buildPack(source: PackSource): Buffer {
  const { segments, sealed, paddingBytes = 0 } = source
  const header = encodeObjectHeader({
    type: 'pack',
    sealed,
    repositoryId: source.repositoryId ?? repositoryId,
    salt: source.salt ?? salt,
  })
  const sealer = createFrameSealer({ frameRootKey, header })
  const columns = emptyColumns()
  const parts: Buffer[] = [header]
  const ids: Buffer[] = []
  const append = (plain: Buffer, isStored: boolean, role: 0 | 1, frameNumber: number) => {
    const { codec, payload } = shrink(plain, isStored)
    const target = Buffer.alloc(payload.length + 16)
    const form = { codec, plainBytes: plain.length, payloadBytes: payload.length }
    sealer.seal({ ...form, role, frameNumber }, payload, target, 0)
    parts.push(target)
    return form
  }
  segments.forEach(({ kind, blobs, isStored = false }, index) => {
    const form = append(Buffer.concat(blobs), isStored, 0, index)
    columns.codecs.push(form.codec)
    columns.payloadBytes.push(form.payloadBytes)
    columns.plainBytes.push(form.plainBytes)
    columns.blobCounts.push(blobs.length)
    columns.kinds.push(kind)
    const hasher = createBlobHasher(kind === 0 ? keys.dataIdKey : keys.treeIdKey)
    for (const blob of blobs) {
      columns.blobLengths.push(blob.length)
      ids.push(hasher.hash(blob))
    }
  })
  parts.push(Buffer.alloc(paddingBytes, 0x5a))
  const trailer = encodePackTrailer({ ...columns, ids: Buffer.concat(ids) })
  const form = append(trailer, source.isTrailerStored ?? false, 1, 0)
  const packBytes = parts.reduce((sum, part) => sum + part.length, 32)
  const footer = encodePackFooter({
    trailerPayloadBytes: form.payloadBytes,
    trailerPlainBytes: form.plainBytes,
    trailerCodec: form.codec,
    paddingBytes,
    packBytes,
  })
  return Buffer.concat([...parts, footer])
}

function emptyColumns() {
  const columns = {
    payloadBytes: [] as number[],
    plainBytes: [] as number[],
    blobCounts: [] as number[],
    codecs: [] as number[],
    kinds: [] as number[],
    blobLengths: [] as number[],
  }
  return columns satisfies Omit<PackTrailerColumns, 'ids'>
}

function shrink(plain: Buffer, isStored: boolean): { codec: 0 | 1; payload: Buffer } {
  const room = Buffer.alloc(compressBound(plain.length))
  const { codec, bytes } = createCompressor(3).compress(plain, room)
  if (isStored || codec === 0) return { codec: 0, payload: plain }
  return { codec: 1, payload: room.subarray(0, bytes) }
}
