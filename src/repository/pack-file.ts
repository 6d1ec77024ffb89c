import { randomBytes } from 'node:crypto'
import { createFrameSealer, type FrameSealer } from '../format/encryption/frame-sealer.ts'
import { createPlainHasher, type PlainHasher } from '../format/hashing/blob-hasher.ts'
import { encodePackTrailer } from '../format/pack/pack-trailer.ts'
import type { FrameDescriptor } from '../format/encryption/frame-descriptor.ts'
import { encodeObjectHeader } from '../format/object/object-header.ts'
import type { ByteSpan } from '../storage/object-range.ts'
import type { PackStorage, TemporaryFile } from '../storage/pack-storage.ts'
import { blobKinds, type BlobKind } from './segment-buffer.ts'
import type { RepositoryContext } from './repository-context.ts'

const tagBytes = 16

/** A pack that is being written to a temporary file, hashed as it grows. */
export class PackFile {
  readonly salt: Buffer
  readonly sealer: FrameSealer
  readonly #segments = {
    payloadBytes: [] as number[],
    plainBytes: [] as number[],
    blobCounts: [] as number[],
    codecs: [] as number[],
    kinds: [] as number[],
  }
  readonly #blobLengths: number[] = []
  readonly #ids: Buffer[] = []
  readonly #hasher: PlainHasher = createPlainHasher()
  readonly #storage: PackStorage
  readonly #file: TemporaryFile
  readonly #near: ByteSpan[] = []
  #bytes = 0

  constructor(context: RepositoryContext, storage: PackStorage) {
    // A new salt for every attempt: the same (key, nonce) pair is never used for two texts.
    this.salt = randomBytes(32)
    const header = encodeObjectHeader({
      type: 'pack',
      sealed: context.sealed,
      repositoryId: Buffer.from(context.repositoryId),
      salt: this.salt,
    })
    this.sealer = createFrameSealer({ frameRootKey: context.keys.frameRootKey, header })
    this.#storage = storage
    this.#file = storage.createTemporarySync()
    try {
      this.append(header)
    } catch (error) {
      // Nobody else knows of the file yet.
      this.discard()
      throw error
    }
  }

  get segmentCount(): number {
    return this.#segments.kinds.length
  }

  get blobCount(): number {
    return this.#blobLengths.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @throws {RepositoryError} `STORAGE_FULL` or `STORAGE_FAILED` */
  append(bytes: Uint8Array): void {
    this.#storage.writeTemporarySync(this.#file, bytes, this.#bytes)
    this.#hasher.update(bytes)
    this.#bytes += bytes.length
  }

  /** Notes a segment whose sealed bytes were appended, for the trailer. */
  addSegment(
    descriptor: FrameDescriptor,
    segment: { kind: BlobKind; ids: Buffer; lengths: Uint32Array },
  ): void {
    if (segment.kind === blobKinds.tree && this.#storage.capabilities.isRemote) {
      const lengthBytes = descriptor.payloadBytes + tagBytes
      this.#near.push({ offsetBytes: this.#bytes - lengthBytes, lengthBytes })
    }
    this.#segments.payloadBytes.push(descriptor.payloadBytes)
    this.#segments.plainBytes.push(descriptor.plainBytes)
    this.#segments.blobCounts.push(segment.lengths.length)
    this.#segments.codecs.push(descriptor.codec)
    this.#segments.kinds.push(segment.kind)
    for (const length of segment.lengths) this.#blobLengths.push(length)
    this.#ids.push(Buffer.from(segment.ids))
  }

  /** The plaintext of the trailer. */
  encodeTrailer(): Buffer {
    const ids = Buffer.concat(this.#ids)
    return encodePackTrailer({ ...this.#segments, blobLengths: this.#blobLengths, ids })
  }

  /**
   * Ends the writing: the file is synced and gets its name, durable after the storage's next `sync`.
   *
   * @returns the hash of all bytes, which is the pack's name
   */
  async publish(): Promise<string> {
    const packId = this.#hasher.digest().toString('hex')
    // Whoever saves the same folders tomorrow reads these first.
    await this.#storage.publish(this.#file, `packs/${packId}`, this.#near)
    return packId
  }

  /** Leaves nothing behind. Never throws: it runs while another error is on its way. */
  discard(): void {
    this.#storage.discardSync(this.#file)
  }
}
