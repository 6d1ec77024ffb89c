import { randomBytes, randomInt } from 'node:crypto'
import type { FrameDescriptor } from '../format/encryption/frame-descriptor.ts'
import {
  compressBound,
  createCompressor,
  createDecompressor,
  type Compressor,
  type Decompressor,
} from '../format/compression/zstd.ts'
import { padmeLength } from '../format/pack/padme.ts'
import { encodePackFooter, packFooterBytes } from '../format/pack/pack-footer.ts'
import { RepositoryError } from '../foundation/errors.ts'
import { idBytes } from '../model/ids.ts'
import type { PackStorage } from '../storage/pack-storage.ts'
import { createBlobHashers, type BlobHashers } from './blob-hashers.ts'
import { isPackFull } from './is-pack-full.ts'
import { PackFile } from './pack-file.ts'
import type { RepositoryContext } from './repository-context.ts'
import { SegmentCompressor } from './segment-compressor.ts'
import { blobKinds, SegmentBuffer, segmentBytesTarget, type BlobKind } from './segment-buffer.ts'
import { withRoom } from './with-room.ts'

/** A pack whose file has its final name; the name is durable after the storage's next `sync`. */
export interface WrittenPack {
  /** 64 hexadecimal digits. */
  readonly packId: string
  readonly salt: Uint8Array
  readonly packBytes: number
  /** The trailer's plaintext (docs/FORMAT.md, section 7). */
  readonly trailer: Uint8Array
}

/** A second open pack starts when the first is this long, so that small backups make one object and not two. */
const secondPackFromBytes = 4 * 1024 * 1024
/** Packs that may wait for their `fsync` while the next one is being written. */
const publishingMax = 2
const tagBytes = 16

/**
 * Turns blobs into packs: collects them in segments, compresses, seals, proves and writes them.
 *
 * Every segment is opened, expanded and re-hashed from the very bytes that go to the file before the pack can be published: a
 * flipped bit in memory or a fault of the compressor must not reach the repository (restic #4523, #4529).
 * For one thread; each worker has its own.
 */
export class PackWriter {
  readonly #context: RepositoryContext
  readonly #storage: PackStorage
  readonly #onPack: (pack: WrittenPack) => void
  readonly #segments: readonly [SegmentBuffer, SegmentBuffer]
  readonly #hashers: BlobHashers
  /** One for each kind: data and trees come interleaved and shrink differently. */
  readonly #compressors: readonly [SegmentCompressor, SegmentCompressor]
  readonly #trailerCompressor: Compressor
  readonly #decompressor: Decompressor = createDecompressor()
  #compressed: Buffer
  #sealed: Buffer
  #opened: Buffer
  #proof: Buffer
  readonly #openPacks: PackFile[] = []
  readonly #publishing = new Set<Promise<void>>()
  #failure: unknown

  /** @param onPack called for each pack once its file has its final name */
  constructor(
    context: RepositoryContext,
    storage: PackStorage,
    onPack: (pack: WrittenPack) => void,
  ) {
    this.#context = context
    this.#storage = storage
    this.#onPack = onPack
    // The longest chunk is eight averages (docs/FORMAT.md, section 6).
    const blobBytesMax = Math.max(segmentBytesTarget[blobKinds.data], context.chunkAverageBytes * 8)
    const treeBytesMax = segmentBytesTarget[blobKinds.data]
    this.#segments = [
      new SegmentBuffer(blobKinds.data, blobBytesMax),
      new SegmentBuffer(blobKinds.tree, treeBytesMax),
    ]
    this.#hashers = createBlobHashers(context.keys)
    this.#compressors = [
      new SegmentCompressor(context.compressionLevel),
      new SegmentCompressor(context.compressionLevel),
    ]
    this.#trailerCompressor = createCompressor(context.compressionLevel)
    const plainBytesMax = Math.max(blobBytesMax, treeBytesMax)
    this.#compressed = Buffer.allocUnsafeSlow(compressBound(plainBytesMax))
    this.#sealed = Buffer.allocUnsafeSlow(compressBound(plainBytesMax) + tagBytes)
    this.#opened = Buffer.allocUnsafeSlow(compressBound(plainBytesMax))
    this.#proof = Buffer.allocUnsafeSlow(plainBytesMax)
  }

  /**
   * Takes a copy of a blob; it is in a pack after `finish`.
   *
   * @throws {RepositoryError} when the storage fails or the written bytes do not prove right
   */
  add(kind: BlobKind, id: Uint8Array, bytes: Uint8Array): void {
    const segment = this.#segments[kind]
    if (segment.blobCount > 0 && segment.usedBytes + bytes.length > segmentBytesTarget[kind]) {
      this.#writeSegment(segment)
    }
    if (!segment.hasRoomFor(bytes.length)) this.#reserve(segment, bytes.length)
    segment.append(id, bytes)
  }

  /** Waits until few enough packs are on their way to the disk; call it between batches. */
  async settle(): Promise<void> {
    while (this.#publishing.size > publishingMax) await Promise.race(this.#publishing)
    this.#throwFailure()
  }

  /** Writes what is left and waits until every pack has its name. The writer can be used again afterwards. */
  async finish(): Promise<void> {
    for (const segment of this.#segments) this.#writeSegment(segment)
    for (const pack of this.#openPacks.splice(0)) this.#publish(pack)
    await Promise.all(this.#publishing)
    this.#throwFailure()
  }

  /** Gives up: removes the unfinished files. */
  async discard(): Promise<void> {
    for (const pack of this.#openPacks.splice(0)) pack.discard()
    await Promise.allSettled(this.#publishing)
  }

  /** Only a tree page with uncommonly large extended attributes needs more room than the usual. */
  #reserve(segment: SegmentBuffer, plainBytes: number): void {
    segment.reserve(plainBytes)
    // Never shorter than before: segments of the other kind may be longer still.
    this.#compressed = withRoom(this.#compressed, compressBound(plainBytes))
    this.#sealed = withRoom(this.#sealed, compressBound(plainBytes) + tagBytes)
    this.#opened = withRoom(this.#opened, compressBound(plainBytes))
    this.#proof = withRoom(this.#proof, plainBytes)
  }

  /**
   * Takes over a segment of another pack without compressing it again.
   *
   * @param payload as it came out of the other pack's frame, whose tag was checked
   * @param segment whose ids and lengths belong to the payload; `plainBytes` is what it expands to
   */
  copySegment(
    payload: Uint8Array,
    codec: 0 | 1,
    segment: { kind: BlobKind; plainBytes: number; ids: Buffer; lengths: Uint32Array },
  ): void {
    this.#sealed = withRoom(this.#sealed, payload.length + tagBytes)
    this.#opened = withRoom(this.#opened, payload.length)
    this.#proof = withRoom(this.#proof, segment.plainBytes)
    this.#appendSegment(payload, codec, segment)
  }

  #writeSegment(segment: SegmentBuffer): void {
    if (segment.blobCount === 0) return
    const { plain } = segment
    const { codec, bytes } = this.#compressors[segment.kind].compress(plain, this.#compressed)
    const payload = codec === 0 ? plain : this.#compressed.subarray(0, bytes)
    this.#appendSegment(payload, codec, {
      kind: segment.kind,
      plainBytes: plain.length,
      ids: segment.ids,
      lengths: segment.lengths,
    })
    segment.reset()
  }

  #appendSegment(
    payload: Uint8Array,
    codec: 0 | 1,
    segment: { kind: BlobKind; plainBytes: number; ids: Buffer; lengths: Uint32Array },
  ): void {
    this.#throwFailure()
    try {
      this.#sealSegment(this.#choosePack(), payload, codec, segment)
    } catch (error) {
      // Part of it may be in the file. Another segment behind it would be sealed under the same nonce.
      this.#failure ??= error
      throw error
    }
  }

  #sealSegment(
    pack: PackFile,
    payload: Uint8Array,
    codec: 0 | 1,
    segment: { kind: BlobKind; plainBytes: number; ids: Buffer; lengths: Uint32Array },
  ): void {
    const descriptor: FrameDescriptor = {
      codec,
      role: 0,
      frameNumber: pack.segmentCount,
      plainBytes: segment.plainBytes,
      payloadBytes: payload.length,
    }
    const sealedBytes = pack.sealer.seal(descriptor, payload, this.#sealed, 0)
    const sealed = this.#sealed.subarray(0, sealedBytes)
    this.#prove(segment, pack, descriptor, sealed)
    pack.append(sealed)
    pack.addSegment(descriptor, segment)
    if (isPackFull(pack, this.#context.sealed)) {
      this.#openPacks.splice(this.#openPacks.indexOf(pack), 1)
      this.#publish(pack)
    }
  }

  #prove(
    segment: { kind: BlobKind; ids: Buffer; lengths: Uint32Array },
    pack: PackFile,
    descriptor: FrameDescriptor,
    sealed: Uint8Array,
  ): void {
    const payload = pack.sealer.open(descriptor, sealed, this.#opened)
    const plain =
      descriptor.codec === 0
        ? payload
        : this.#decompressor.decompress(payload, descriptor.plainBytes, this.#proof)
    const hasher = this.#hashers[segment.kind]
    const { ids, lengths } = segment
    for (let blob = 0, offset = 0; blob < lengths.length; blob++) {
      const end = offset + lengths[blob]
      const id = hasher.hash(plain.subarray(offset, end))
      if (id.compare(ids, blob * idBytes, (blob + 1) * idBytes) !== 0) {
        throw new RepositoryError(
          'INTERNAL',
          'Cannot publish a pack: a blob read back from it is not what went in',
          {
            remedy:
              "Test this machine's memory (memtest86+), then run the command again; nothing wrong was stored",
            facts: { segment: descriptor.frameNumber, offset },
          },
        )
      }
      offset = end
    }
  }

  /**
   * In an encrypted repository segments go at random to one of two open packs, so that the lengths of packs say little about
   * neighbouring files (eprint 2025/532, restic #5295).
   */
  #choosePack(): PackFile {
    const packs = this.#openPacks
    if (packs.length === 0) packs.push(this.#newPack())
    else if (packs.length === 1 && this.#context.sealed && packs[0].bytes >= secondPackFromBytes) {
      packs.push(this.#newPack())
    }
    return packs.length === 1 ? packs[0] : packs[randomInt(packs.length)]
  }

  #newPack(): PackFile {
    return new PackFile(this.#context, this.#storage)
  }

  #publish(pack: PackFile): void {
    const publishing: Promise<void> = this.#completePack(pack)
      .catch((error: unknown) => {
        this.#failure ??= error
        pack.discard()
      })
      .finally(() => this.#publishing.delete(publishing))
    this.#publishing.add(publishing)
  }

  async #completePack(pack: PackFile): Promise<void> {
    const trailer = pack.encodeTrailer()
    const { codec, bytes } = this.#compressTrailer(trailer)
    const payload = codec === 0 ? trailer : bytes
    const paddingBytes = this.#padding(pack.bytes + payload.length + tagBytes + packFooterBytes)
    if (paddingBytes > 0) pack.append(randomBytes(paddingBytes))
    const sealed = Buffer.allocUnsafe(payload.length + tagBytes)
    pack.sealer.seal(
      {
        codec,
        role: 1,
        frameNumber: 0,
        plainBytes: trailer.length,
        payloadBytes: payload.length,
      },
      payload,
      sealed,
      0,
    )
    pack.append(sealed)
    const packBytes = pack.bytes + packFooterBytes
    pack.append(
      encodePackFooter({
        trailerPayloadBytes: payload.length,
        trailerPlainBytes: trailer.length,
        trailerCodec: codec,
        paddingBytes,
        packBytes,
      }),
    )
    const packId = await pack.publish()
    this.#onPack({ packId, salt: pack.salt, packBytes, trailer })
  }

  /** Ids do not compress, lengths do; a buffer of its own because the shared one may be in use by the next segment. */
  #compressTrailer(trailer: Buffer): { codec: 0 | 1; bytes: Buffer } {
    const target = Buffer.allocUnsafe(compressBound(trailer.length))
    const { codec, bytes } = this.#trailerCompressor.compress(trailer, target)
    return { codec, bytes: target.subarray(0, bytes) }
  }

  #padding(packBytes: number): number {
    return this.#context.sealed ? padmeLength(packBytes) - packBytes : 0
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}
