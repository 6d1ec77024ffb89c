import { createDecompressor, type Decompressor } from '../../format/compression/zstd.ts'
import { createBlobHasher, plainHash, type BlobHasher } from '../../format/hashing/blob-hasher.ts'
import {
  decodePack,
  openSegment,
  segmentFormOf,
  type OpenedPack,
} from '../../format/pack/pack-reader.ts'
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

/**
 * Reads packs whole, holds their bytes against their names, opens segments and hashes every blob. A pack is read in one go: that is as fast as the disk is,
 * and proves every byte, padding included. For one thread.
 */
export class PackVerifier {
  readonly #context: RepositoryContext
  readonly #ranges: PackRanges
  readonly #decompressor: Decompressor = createDecompressor()
  readonly #hashers: readonly [BlobHasher, BlobHasher]
  #whole = Buffer.allocUnsafeSlow(0)
  #plain = Buffer.allocUnsafeSlow(2 * 1024 * 1024)

  constructor(context: RepositoryContext) {
    this.#context = context
    this.#ranges = openPackRanges(context)
    this.#hashers = [
      createBlobHasher(context.keys.dataIdKey),
      createBlobHasher(context.keys.treeIdKey),
    ]
  }

  /** @throws {RepositoryError} when the storage fails otherwise than by loss */
  verify(request: VerifyPackRequest): VerifyPackReply {
    const tally: Tally = { blobCount: 0, plainBytes: 0, findings: [], lost: [] }
    let readBytes = 0
    let isUnreadable = false
    try {
      const bytes = this.#readWhole(request)
      readBytes = bytes.length
      if (plainHash(bytes).toString('hex') !== request.packId) {
        tally.findings.push('its bytes have another hash than its name')
      }
      this.#verifySegments(request, this.#open(bytes), bytes, tally)
    } catch (error) {
      if (!isDamage(error)) throw error
      tally.findings.push(error.message)
      isUnreadable = true
    }
    const { blobCount, plainBytes, findings, lost } = tally
    return {
      blobCount,
      plainBytes,
      readBytes,
      findings: findings.map((finding) => `packs/${request.packId}: ${finding}`),
      lostIds: Uint8Array.from(Buffer.concat(lost)),
      isUnreadable,
    }
  }

  async close(): Promise<void> {
    await this.#ranges.close()
  }

  #readWhole(request: VerifyPackRequest): Buffer {
    if (this.#whole.length < request.packBytes) {
      this.#whole = Buffer.allocUnsafeSlow(request.packBytes)
    }
    const bytes = this.#whole.subarray(0, request.packBytes)
    this.#ranges.read(request.packId, 0, bytes)
    return bytes
  }

  #open(bytes: Buffer): OpenedPack {
    return decodePack(bytes, {
      frameRootKey: this.#context.keys.frameRootKey,
      repositoryId: Buffer.from(this.#context.repositoryId),
      sealed: this.#context.sealed,
    })
  }

  #verifySegments(
    request: VerifyPackRequest,
    { trailer, opener }: OpenedPack,
    bytes: Buffer,
    tally: Tally,
  ): void {
    for (let segment = 0; segment < trailer.segmentCount; segment++) {
      if (request.wanted && request.wanted[segment] !== 1) continue
      const first = trailer.firstBlobs[segment]
      const end = first + trailer.blobCounts[segment]
      const start = trailer.offsets[segment]
      const sealed = bytes.subarray(start, start + trailer.payloadBytes[segment] + tagBytes)
      const lose = (from: number, to: number): void => {
        tally.lost.push(Buffer.from(trailer.ids.subarray(from * idBytes, to * idBytes)))
      }
      try {
        const target = this.#roomFor(trailer.plainBytes[segment])
        const tools = { opener, decompressor: this.#decompressor, target }
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
  }

  #roomFor(plainBytes: number): Buffer {
    if (this.#plain.length < plainBytes) this.#plain = Buffer.allocUnsafeSlow(plainBytes)
    return this.#plain
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
