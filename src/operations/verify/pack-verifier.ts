import { createDecompressor, type Decompressor } from '../../format/compression/zstd.ts'
import {
  createBlobHasher,
  createPlainHasher,
  type BlobHasher,
  type PlainHasher,
} from '../../format/hashing/blob-hasher.ts'
import {
  openSegment,
  readPackTrailer,
  segmentFormOf,
  type OpenedPack,
} from '../../format/pack/pack-reader.ts'
import { objectHeaderBytes } from '../../format/object/object-header.ts'
import { RepositoryError } from '../../foundation/errors.ts'
import { idBytes } from '../../model/ids.ts'
import { openPackRanges, type PackRanges } from '../../repository/pack-ranges.ts'
import type { RepositoryContext } from '../../repository/repository-context.ts'

export interface VerifyPackRequest {
  /** 64 hexadecimal digits. */
  readonly packId: string
  readonly packBytes: number
  /** 1 for each segment that is wanted; null for all. */
  readonly wanted: Uint8Array | null
}

export interface VerifyPackReply {
  readonly blobCount: number
  readonly plainBytes: number
  readonly readBytes: number
  /** What is wrong with the pack, one text for each finding. */
  readonly findings: readonly string[]
  /** Ids of the blobs that cannot be used, 32 bytes each. */
  readonly lostIds: Uint8Array
  /** Nothing can be said about single blobs: the pack is missing or its trailer is damaged. */
  readonly isUnreadable: boolean
}

interface Tally {
  blobCount: number
  plainBytes: number
  readonly findings: string[]
  readonly lost: Uint8Array[]
}

const tagBytes = 16
/** Padding and trailers are hashed in pieces of this length, in bytes. */
const pieceBytes = 1024 * 1024

/**
 * Reads packs from front to back, holds their bytes against their names, opens segments and hashes every blob: each byte is read once,
 * padding included, and no more than a segment is in memory. For one thread.
 */
export class PackVerifier {
  readonly #context: RepositoryContext
  readonly #ranges: PackRanges
  readonly #decompressor: Decompressor = createDecompressor()
  readonly #hashers: readonly [BlobHasher, BlobHasher]
  #sealed = Buffer.allocUnsafeSlow(2 * pieceBytes)
  #plain = Buffer.allocUnsafeSlow(pieceBytes)

  constructor(context: RepositoryContext) {
    this.#context = context
    this.#ranges = openPackRanges(context)
    this.#hashers = [
      createBlobHasher(context.keys.dataIdKey),
      createBlobHasher(context.keys.treeIdKey),
    ]
  }

  /** @throws {RepositoryError} when the storage fails otherwise than by loss */
  async verify(request: VerifyPackRequest): Promise<VerifyPackReply> {
    const tally: Tally = { blobCount: 0, plainBytes: 0, findings: [], lost: [] }
    let isUnreadable = false
    try {
      const pack = await this.#open(request)
      const bytes = await this.#ranges.size(request.packId)
      if (bytes !== request.packBytes) {
        tally.findings.push(`it has ${bytes} bytes instead of ${request.packBytes}`)
      }
      const hash = this.#readThrough(request, pack, tally)
      if (hash !== request.packId) {
        tally.findings.push('its bytes have another hash than its name')
      }
    } catch (error) {
      if (!isDamage(error)) throw error
      tally.findings.push(error.message)
      isUnreadable = true
    }
    const { blobCount, plainBytes, findings, lost } = tally
    return {
      blobCount,
      plainBytes,
      readBytes: isUnreadable ? 0 : request.packBytes,
      findings: findings.map((finding) => `packs/${request.packId}: ${finding}`),
      lostIds: Uint8Array.from(Buffer.concat(lost)),
      isUnreadable,
    }
  }

  async close(): Promise<void> {
    await this.#ranges.close()
  }

  #open(request: VerifyPackRequest): Promise<OpenedPack> {
    const readRange = (offset: number, lengthBytes: number): Buffer => {
      const bytes = Buffer.allocUnsafe(lengthBytes)
      this.#ranges.read(request.packId, offset, bytes)
      return bytes
    }
    return readPackTrailer(readRange, request.packBytes, {
      frameRootKey: this.#context.keys.frameRootKey,
      repositoryId: Buffer.from(this.#context.repositoryId),
      sealed: this.#context.sealed,
    })
  }

  /** @returns the hash of all bytes */
  #readThrough(request: VerifyPackRequest, pack: OpenedPack, tally: Tally): string {
    const { trailer } = pack
    const hasher = createPlainHasher()
    let position = this.#hashRange(request, hasher, 0, objectHeaderBytes)
    for (let segment = 0; segment < trailer.segmentCount; segment++) {
      const sealed = this.#roomFor(trailer.payloadBytes[segment] + tagBytes)
      this.#ranges.read(request.packId, position, sealed)
      hasher.update(sealed)
      position += sealed.length
      if (request.wanted && request.wanted[segment] !== 1) continue
      this.#verifySegment(pack, segment, sealed, tally)
    }
    this.#hashRange(request, hasher, position, request.packBytes)
    return hasher.digest().toString('hex')
  }

  /** @returns `end` */
  #hashRange(request: VerifyPackRequest, hasher: PlainHasher, start: number, end: number): number {
    for (let position = start; position < end;) {
      const piece = this.#roomFor(Math.min(pieceBytes, end - position))
      this.#ranges.read(request.packId, position, piece)
      hasher.update(piece)
      position += piece.length
    }
    return end
  }

  #verifySegment(
    { trailer, opener }: OpenedPack,
    segment: number,
    sealed: Buffer,
    tally: Tally,
  ): void {
    const first = trailer.firstBlobs[segment]
    const end = first + trailer.blobCounts[segment]
    const lose = (from: number, to: number): void => {
      tally.lost.push(Buffer.from(trailer.ids.subarray(from * idBytes, to * idBytes)))
    }
    try {
      const plainBytes = trailer.plainBytes[segment]
      if (this.#plain.length < plainBytes) this.#plain = Buffer.allocUnsafeSlow(plainBytes)
      const tools = { opener, decompressor: this.#decompressor, target: this.#plain }
      const plain = openSegment(tools, segmentFormOf(trailer, segment), sealed)
      const hasher = this.#hashers[trailer.kinds[segment] === 0 ? 0 : 1]
      for (let blob = first, offset = 0; blob < end; blob++) {
        const id = hasher.hash(plain.subarray(offset, offset + trailer.blobLengths[blob]))
        if (id.compare(trailer.ids, blob * idBytes, (blob + 1) * idBytes) !== 0) {
          tally.findings.push(`blob ${blob - first} of segment ${segment} has another hash`)
          lose(blob, blob + 1)
        }
        offset += trailer.blobLengths[blob]
      }
    } catch (error) {
      if (!isDamage(error)) throw error
      tally.findings.push(`segment ${segment}: ${error.message}`)
      lose(first, end)
    }
    tally.blobCount += end - first
    tally.plainBytes += trailer.plainBytes[segment]
  }

  #roomFor(lengthBytes: number): Buffer {
    if (this.#sealed.length < lengthBytes) this.#sealed = Buffer.allocUnsafeSlow(lengthBytes)
    return this.#sealed.subarray(0, lengthBytes)
  }
}

/** Lost bytes are what a verification looks for; a storage that fails in another way ends it. */
function isDamage(error: unknown): error is RepositoryError {
  return (
    error instanceof RepositoryError &&
    (error.code === 'OBJECT_DAMAGED' ||
      error.code === 'OBJECT_MISSING' ||
      error.code === 'FORMAT_UNSUPPORTED')
  )
}
