import { createDecompressor, type Decompressor } from '../../format/compression/zstd.ts'
import { createPlainHasher, type PlainHasher } from '../../format/hashing/blob-hasher.ts'
import { openSegment, readPackTrailer, segmentFormOf } from '../../format/pack/pack-reader.ts'
import type { PackTrailer } from '../../format/pack/pack-trailer.ts'
import { objectHeaderBytes } from '../../format/object/object-header.ts'
import { idBytes } from '../../model/ids.ts'
import { openIndexedPack, type IndexedEnds, type UsablePack } from './indexed-pack.ts'
import { createBlobHashers, type BlobHashers } from '../blob-hashers.ts'
import { isFinding } from '../loss.ts'
import { openPackRanges, type PackRanges } from '../pack-ranges.ts'
import type { RepositoryContext } from '../repository-context.ts'

export interface VerifyPackRequest {
  /** 64 hexadecimal digits. */
  readonly packId: string
  readonly packBytes: number
  /** 1 for each segment that is wanted; null for all. */
  readonly wanted: Uint8Array | null
  /** Serves where the pack's own header, trailer or footer cannot be read. */
  readonly indexed?: IndexedEnds
}

export interface VerifyPackReply {
  readonly blobCount: number
  readonly plainBytes: number
  readonly readBytes: number
  /** What is wrong with the pack, one text for each finding. */
  readonly findings: readonly string[]
  /** Ids of the blobs that cannot be used, 32 bytes each. */
  readonly lostIds: Uint8Array
  /** Segments that do not open, or hold a blob that cannot be used. */
  readonly damagedSegments: readonly number[]
  /** Nothing can be said about single blobs: the pack is missing, or nothing tells what is in it. */
  readonly isUnreadable: boolean
  readonly isMissing: boolean
  /** What was wrong when it was read first and right the second time: a fault of memory or of the way to the storage, not of the pack. */
  readonly passing: readonly string[]
}

interface Tally {
  blobCount: number
  plainBytes: number
  readBytes: number
  isUnreadable: boolean
  isMissing: boolean
  readonly findings: string[]
  readonly lost: Uint8Array[]
  readonly damagedSegments: Set<number>
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
  #ranges: PackRanges
  readonly #decompressor: Decompressor = createDecompressor()
  readonly #hashers: BlobHashers
  #sealed = Buffer.allocUnsafeSlow(2 * pieceBytes)
  #plain = Buffer.allocUnsafeSlow(pieceBytes)

  constructor(context: RepositoryContext) {
    this.#context = context
    this.#ranges = openPackRanges(context)
    this.#hashers = createBlobHashers(context.keys)
  }

  /**
   * Reads the pack, and once more when anything is wrong, so that a flipped bit on the way is not taken for one in the storage
   * (borg #4829 was taken for bad memory for a year; the other way round is as easy).
   *
   * @throws {RepositoryError} when the storage fails otherwise than by loss
   */
  async verify(request: VerifyPackRequest): Promise<VerifyPackReply> {
    const first = await this.#attempt(request)
    if (first.findings.length === 0) return replyOf(request, first, [])
    await this.#ranges.close()
    this.#ranges = openPackRanges(this.#context)
    // Once it is known to be damaged, all of it counts: other snapshots need other segments.
    const second = await this.#attempt({ ...request, wanted: null })
    return replyOf(request, second, second.findings.length === 0 ? first.findings : [])
  }

  async close(): Promise<void> {
    await this.#ranges.close()
  }

  async #attempt(request: VerifyPackRequest): Promise<Tally> {
    const tally: Tally = {
      blobCount: 0,
      plainBytes: 0,
      readBytes: 0,
      isUnreadable: false,
      isMissing: false,
      findings: [],
      lost: [],
      damagedSegments: new Set(),
    }
    try {
      await this.#readByItself(request, tally)
    } catch (error) {
      if (!isFinding(error)) throw error
      tally.findings.push(error.message)
      tally.isMissing = error.code === 'OBJECT_MISSING'
      if (tally.isMissing || !this.#readByIndex(request, tally)) tally.isUnreadable = true
    }
    return tally
  }

  async #readByItself(request: VerifyPackRequest, tally: Tally): Promise<void> {
    this.#ranges.expect(request.packId, request.packBytes)
    const bytes = await this.#ranges.size(request.packId)
    const pack = await this.#open(request)
    if (bytes !== request.packBytes) {
      tally.findings.push(`it has ${bytes} bytes instead of ${request.packBytes}`)
    }
    const hash = this.#readThrough(request, pack, tally)
    if (hash !== request.packId) {
      tally.findings.push('its bytes have another hash than its name')
    }
    tally.readBytes = request.packBytes
  }

  #open(request: VerifyPackRequest): Promise<UsablePack> {
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
  #readThrough(request: VerifyPackRequest, pack: UsablePack, tally: Tally): string {
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

  /** The hash is wrong anyhow; every segment stands or falls by itself. */
  #readByIndex(request: VerifyPackRequest, tally: Tally): boolean {
    const pack = request.indexed && this.#openIndexed(request.indexed)
    if (!pack) return false
    for (let segment = 0; segment < pack.trailer.segmentCount; segment++) {
      if (request.wanted && request.wanted[segment] !== 1) continue
      const sealed = this.#roomFor(pack.trailer.payloadBytes[segment] + tagBytes)
      try {
        this.#ranges.read(request.packId, pack.trailer.offsets[segment], sealed)
      } catch (error) {
        if (!isFinding(error)) throw error
        tally.findings.push(`segment ${segment}: ${error.message}`)
        loseSegment(pack.trailer, segment, tally)
        tally.blobCount += pack.trailer.blobCounts[segment]
        continue
      }
      tally.readBytes += sealed.length
      this.#verifySegment(pack, segment, sealed, tally)
    }
    return true
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

  #openIndexed(ends: IndexedEnds): UsablePack | undefined {
    try {
      return openIndexedPack(this.#context, ends)
    } catch (error) {
      if (!isFinding(error)) throw error
      return undefined
    }
  }

  #verifySegment(
    { trailer, opener }: UsablePack,
    segment: number,
    sealed: Buffer,
    tally: Tally,
  ): void {
    const first = trailer.firstBlobs[segment]
    const end = first + trailer.blobCounts[segment]
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
          tally.lost.push(idsOf(trailer, blob, blob + 1))
          tally.damagedSegments.add(segment)
        }
        offset += trailer.blobLengths[blob]
      }
    } catch (error) {
      if (!isFinding(error)) throw error
      tally.findings.push(`segment ${segment}: ${error.message}`)
      loseSegment(trailer, segment, tally)
    }
    tally.blobCount += end - first
    tally.plainBytes += trailer.plainBytes[segment]
  }

  #roomFor(lengthBytes: number): Buffer {
    if (this.#sealed.length < lengthBytes) this.#sealed = Buffer.allocUnsafeSlow(lengthBytes)
    return this.#sealed.subarray(0, lengthBytes)
  }
}

function loseSegment(trailer: PackTrailer, segment: number, tally: Tally): void {
  const first = trailer.firstBlobs[segment]
  tally.lost.push(idsOf(trailer, first, first + trailer.blobCounts[segment]))
  tally.damagedSegments.add(segment)
}

function idsOf(trailer: PackTrailer, first: number, end: number): Buffer {
  return Buffer.from(trailer.ids.subarray(first * idBytes, end * idBytes))
}

function replyOf(
  { packId }: VerifyPackRequest,
  tally: Tally,
  passing: readonly string[],
): VerifyPackReply {
  const { blobCount, plainBytes, readBytes, findings, lost, isUnreadable, isMissing } = tally
  const named = (finding: string): string => `packs/${packId}: ${finding}`
  return {
    blobCount,
    plainBytes,
    readBytes,
    findings: findings.map(named),
    lostIds: Uint8Array.from(Buffer.concat(lost)),
    damagedSegments: [...tally.damagedSegments],
    isUnreadable,
    isMissing,
    passing: passing.map(named),
  }
}
