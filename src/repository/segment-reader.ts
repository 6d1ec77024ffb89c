import { createFrameSealer, type FrameSealer } from '../format/encryption/frame-sealer.ts'
import { createDecompressor, type Decompressor } from '../format/compression/zstd.ts'
import { encodeObjectHeader } from '../format/object/object-header.ts'
import { openSegment } from '../format/pack/pack-reader.ts'
import type { ObjectRange } from '../storage/object-range.ts'
import type { PackStorage } from '../storage/pack-storage.ts'
import { readProvedSync } from './read-proved.ts'
import type { RepositoryContext } from './repository-context.ts'
import { withRoom } from './with-room.ts'

/** Where a segment is and how to open it. */
export interface SegmentLocation {
  readonly pack: { readonly id: string; readonly salt: Uint8Array }
  /** Place in the pack, from 0. */
  readonly segment: number
  /** Where the payload begins in the pack, in bytes. */
  readonly segmentOffset: number
  readonly payloadBytes: number
  readonly plainBytes: number
  readonly codec: number
}

const tagBytes = 16
/** Sealers are kept for this many packs; deriving one costs a few microseconds. */
const sealersMax = 64
const spareBuffersMax = 2
/** Most segments are about this long, in bytes; buffers of one length can stand in for each other. */
const usualBytes = 1024 * 1024

/**
 * Reads segments and keeps the most recently used ones decoded: files that lie together in a directory lie together in segments.
 *
 * What it returns has proved to be what was sealed at that place; whether a blob is the one asked for is for `BlobReader`. For one thread.
 */
export class SegmentReader {
  readonly #context: RepositoryContext
  readonly #storage: PackStorage
  readonly #cacheBytesMax: number
  readonly #recycles: boolean
  readonly #spare: Buffer[] = []
  readonly #decompressor: Decompressor = createDecompressor()
  readonly #cache = new Map<string, Buffer>()
  readonly #sealers = new Map<string, FrameSealer>()
  #cachedBytes = 0
  #once: Buffer = Buffer.alloc(0)
  #sealed = Buffer.allocUnsafeSlow(1024 * 1024 + 64 * 1024)
  /** Bytes read from the storage so far. */
  bytesRead = 0

  /**
   * @param cacheBytesMax plaintext to keep, in bytes
   * @param recycles whether memory is used again: then what `read` returns is valid only until the next `read`, and no garbage piles up
   */
  constructor(
    context: RepositoryContext,
    storage: PackStorage,
    cacheBytesMax: number,
    recycles: boolean = false,
  ) {
    this.#recycles = recycles
    this.#context = context
    this.#storage = storage
    this.#cacheBytesMax = cacheBytesMax
  }

  /**
   * The plaintext of a segment, which must not be written to. Unless the reader recycles, it stays valid for as long as the caller holds it.
   *
   * @throws {RepositoryError} when the pack is missing, unreadable or not what was sealed
   */
  read(location: SegmentLocation): Buffer {
    const key = keyOf(location)
    const cached = this.#cache.get(key)
    if (cached) {
      // The most recently used goes to the end of the map's order.
      this.#cache.delete(key)
      this.#cache.set(key, cached)
      return cached
    }
    const plain = this.#open(location, this.#roomFor(location.plainBytes))
    this.#remember(key, plain)
    return plain
  }

  /** As `read` for a segment that is not needed again: it takes no place in the cache, and what is returned is valid until the next call. */
  readOnce(location: SegmentLocation): Buffer {
    const cached = this.#cache.get(keyOf(location))
    if (cached) return cached
    this.#once = withRoom(this.#once, Math.max(location.plainBytes, usualBytes))
    return this.#open(location, this.#once.subarray(0, location.plainBytes))
  }

  /** Tells the storage what will be read, in that order as a rule; what is in the cache is left out. */
  expect(locations: Iterable<SegmentLocation>): void {
    const ranges = new Map<string, ObjectRange>()
    for (const location of locations) {
      const key = keyOf(location)
      if (this.#cache.has(key) || ranges.has(key)) continue
      ranges.set(key, {
        name: `packs/${location.pack.id}`,
        offsetBytes: location.segmentOffset,
        lengthBytes: location.payloadBytes + tagBytes,
      })
    }
    this.#storage.expectRanges([...ranges.values()])
  }

  #open(location: SegmentLocation, target: Buffer): Buffer {
    const range = {
      name: `packs/${location.pack.id}`,
      offsetBytes: location.segmentOffset,
      lengthBytes: location.payloadBytes + tagBytes,
    }
    return readProvedSync(this.#storage, range, () => this.#openOnce(location, target))
  }

  #openOnce(location: SegmentLocation, target: Buffer): Buffer {
    const sealedBytes = location.payloadBytes + tagBytes
    if (this.#sealed.length < sealedBytes) this.#sealed = Buffer.allocUnsafeSlow(sealedBytes)
    const sealed = this.#sealed.subarray(0, sealedBytes)
    this.#storage.readRangeSync(`packs/${location.pack.id}`, location.segmentOffset, sealed)
    this.bytesRead += sealedBytes
    const plain = openSegment(
      {
        opener: this.#sealerOf(location.pack.id, location.pack.salt),
        decompressor: this.#decompressor,
        target,
      },
      {
        codec: location.codec === 0 ? 0 : 1,
        segmentNumber: location.segment,
        plainBytes: location.plainBytes,
        payloadBytes: location.payloadBytes,
      },
      sealed,
    )
    // A stored segment may come back as a view of the read buffer, which the next read overwrites.
    if (plain.buffer !== target.buffer) target.set(plain)
    return target
  }

  #roomFor(plainBytes: number): Buffer {
    const spare = this.#spare.pop()
    if (spare && spare.buffer.byteLength >= plainBytes) {
      return Buffer.from(spare.buffer, 0, plainBytes)
    }
    return Buffer.allocUnsafeSlow(
      this.#recycles ? Math.max(plainBytes, usualBytes) : plainBytes,
    ).subarray(0, plainBytes)
  }

  #sealerOf(packId: string, salt: Uint8Array): FrameSealer {
    let sealer = this.#sealers.get(packId)
    if (!sealer) {
      const header = encodeObjectHeader({
        type: 'pack',
        sealed: this.#context.sealed,
        repositoryId: Buffer.from(this.#context.repositoryId),
        salt: Buffer.from(salt),
      })
      sealer = createFrameSealer({ frameRootKey: this.#context.keys.frameRootKey, header })
      if (this.#sealers.size >= sealersMax) this.#sealers.clear()
      this.#sealers.set(packId, sealer)
    }
    return sealer
  }

  #remember(key: string, plain: Buffer): void {
    this.#cache.set(key, plain)
    this.#cachedBytes += plain.length
    for (const [oldest, bytes] of this.#cache) {
      if (this.#cachedBytes <= this.#cacheBytesMax || oldest === key) break
      this.#cache.delete(oldest)
      this.#cachedBytes -= bytes.length
      if (this.#recycles && this.#spare.length < spareBuffersMax) this.#spare.push(bytes)
    }
  }
}

function keyOf({ pack, segment }: SegmentLocation): string {
  return `${pack.id}/${segment}`
}
