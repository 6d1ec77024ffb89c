import { createDecompressor, type Decompressor } from '../format/compression/zstd.ts'
import {
  decodePack,
  openSegment,
  segmentDescriptor,
  segmentFormOf,
  type OpenedPack,
} from '../format/pack/pack-reader.ts'
import { idBytes, type PackId } from '../model/ids.ts'
import { PackWriter, type WrittenPack } from './pack-writer.ts'
import type { RepositoryContext } from './repository-context.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { PackStorage } from '../storage/pack-storage.ts'

/** What of a pack is to be copied. */
export interface PackCopy {
  readonly packId: PackId
  readonly packBytes: number
  readonly segments: readonly SegmentCopy[]
}

export interface SegmentCopy {
  readonly segment: number
  /** Where the live blobs begin in its plaintext, ascending. */
  readonly offsets: Uint32Array
}

const tagBytes = 16

/** Copies live blobs out of packs into new ones, in memory that is used again. For one thread. */
export class PackCopier {
  readonly #context: RepositoryContext
  readonly #storage: PackStorage
  readonly #writer: PackWriter
  readonly #decompressor: Decompressor = createDecompressor()
  #pack: Buffer = Buffer.alloc(0)
  #payload: Buffer = Buffer.alloc(0)

  constructor(context: RepositoryContext, onPack: (pack: WrittenPack) => void) {
    this.#context = context
    this.#storage = openStorage(context.location)
    this.#writer = new PackWriter(context, this.#storage, onPack)
  }

  /** @throws {RepositoryError} when the pack is lost, is not what its name says, or the storage fails */
  async copy({ packId, packBytes, segments }: PackCopy): Promise<void> {
    this.#pack = roomOf(this.#pack, packBytes)
    const bytes = this.#pack.subarray(0, packBytes)
    this.#storage.readRangeSync(`packs/${packId}`, 0, bytes)
    const { keys, repositoryId, sealed } = this.#context
    const access = {
      frameRootKey: keys.frameRootKey,
      repositoryId: Buffer.from(repositoryId),
      sealed,
    }
    const opened = decodePack(bytes, access, packId)
    for (const { segment, offsets } of segments) this.#copySegment(opened, bytes, segment, offsets)
    await this.#writer.settle()
  }

  /** Writes out what is left; every pack has its name then. */
  async finish(): Promise<void> {
    await this.#writer.finish()
  }

  async discard(): Promise<void> {
    await this.#writer.discard()
  }

  async close(): Promise<void> {
    await this.#storage.close()
  }

  /** A segment in which everything is live is taken over as it is; of any other the live blobs are compressed anew. */
  #copySegment(
    { trailer, opener }: OpenedPack,
    bytes: Buffer,
    segment: number,
    live: Uint32Array,
  ): void {
    const form = segmentFormOf(trailer, segment)
    const kind = trailer.kinds[segment] === 0 ? 0 : 1
    const first = trailer.firstBlobs[segment]
    const end = first + trailer.blobCounts[segment]
    const start = trailer.offsets[segment]
    const sealed = bytes.subarray(start, start + form.payloadBytes + tagBytes)
    if (live.length === end - first) {
      this.#payload = roomOf(this.#payload, form.payloadBytes)
      const payload = opener.open(segmentDescriptor(form), sealed, this.#payload)
      this.#writer.copySegment(payload, form.codec, {
        kind,
        plainBytes: form.plainBytes,
        ids: trailer.ids.subarray(first * idBytes, end * idBytes),
        lengths: trailer.blobLengths.subarray(first, end),
      })
      return
    }
    this.#payload = roomOf(this.#payload, form.plainBytes)
    const tools = { opener, decompressor: this.#decompressor, target: this.#payload }
    const plain = openSegment(tools, form, sealed)
    const wanted = new Set(live)
    for (let blob = first, offset = 0; blob < end; blob++) {
      const length = trailer.blobLengths[blob]
      if (wanted.has(offset)) {
        const id = trailer.ids.subarray(blob * idBytes, (blob + 1) * idBytes)
        this.#writer.add(kind, id, plain.subarray(offset, offset + length))
      }
      offset += length
    }
  }
}

function roomOf(buffer: Buffer, bytes: number): Buffer {
  return buffer.length >= bytes ? buffer : Buffer.allocUnsafeSlow(bytes)
}
