import { idBytes } from '../model/ids.ts'

/** 0 data, 1 tree (docs/FORMAT.md, section 7). */
export type BlobKind = 0 | 1
export const blobKinds = { data: 0, tree: 1 } as const

/**
 * Plaintext at which a segment of each kind is closed, in bytes.
 *
 * On a Linux source tree zstd 3 in segments of 1 MiB gave 207 MB at 381 MB/s, 4 MiB gave 200 MB at 281 MB/s and file by file 254 MB:
 * most of the gain is there at 1 MiB, and one blob can still be fetched cheaply.
 *
 * Pages of trees are mostly ids, which do not shrink, and those of one day are needed one here and one there: the main thread of a restore
 * after fifty backups spent half of its time on opening segments of 1 MiB of them.
 */
export const segmentBytesTarget: readonly [number, number] = [1024 * 1024, 256 * 1024]

/** Collects blobs of one kind until they fill a segment. */
export class SegmentBuffer {
  readonly kind: BlobKind
  #plain: Buffer
  #usedBytes = 0
  #ids = Buffer.allocUnsafe(512 * idBytes)
  #lengths = new Uint32Array(512)
  #blobCount = 0

  /** @param blobBytesMax length of the longest blob that will come, in bytes */
  constructor(kind: BlobKind, blobBytesMax: number) {
    this.kind = kind
    this.#plain = Buffer.allocUnsafeSlow(Math.max(segmentBytesTarget[kind], blobBytesMax))
  }

  /** The blobs' bytes, one after the other. Valid until `reset`. */
  get plain(): Buffer {
    return this.#plain.subarray(0, this.#usedBytes)
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  get blobCount(): number {
    return this.#blobCount
  }

  /** 32 bytes for each blob, in order. Valid until `reset`. */
  get ids(): Buffer {
    return this.#ids.subarray(0, this.#blobCount * idBytes)
  }

  /** Valid until `reset`. */
  get lengths(): Uint32Array {
    return this.#lengths.subarray(0, this.#blobCount)
  }

  hasRoomFor(lengthBytes: number): boolean {
    return this.#usedBytes + lengthBytes <= this.#plain.length
  }

  /** Makes room for one blob longer than usual. Only while the buffer is empty. */
  reserve(lengthBytes: number): void {
    if (this.#blobCount > 0) throw new RangeError('The segment holds blobs already')
    this.#plain = Buffer.allocUnsafeSlow(lengthBytes)
  }

  append(id: Uint8Array, bytes: Uint8Array): void {
    if (this.#blobCount === this.#lengths.length) this.#grow()
    this.#plain.set(bytes, this.#usedBytes)
    this.#ids.set(id, this.#blobCount * idBytes)
    this.#lengths[this.#blobCount] = bytes.length
    this.#usedBytes += bytes.length
    this.#blobCount += 1
  }

  reset(): void {
    this.#usedBytes = 0
    this.#blobCount = 0
  }

  #grow(): void {
    const ids = Buffer.allocUnsafe(this.#ids.length * 2)
    ids.set(this.#ids)
    this.#ids = ids
    const lengths = new Uint32Array(this.#lengths.length * 2)
    lengths.set(this.#lengths)
    this.#lengths = lengths
  }
}
