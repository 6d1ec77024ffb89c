import { createDecompressor, type Decompressor } from '../format/compression/zstd.ts'
import {
  openSegment,
  segmentDescriptor,
  segmentFormOf,
  type OpenedPack,
} from '../format/pack/pack-reader.ts'
import { idBytes, type PackId } from '../model/ids.ts'
import { PackWriter, type WrittenPack } from './pack-writer.ts'
import { readProvedSync } from './read-proved.ts'
import type { RepositoryContext } from './repository-context.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { PackStorage } from '../storage/pack-storage.ts'
import { readEnds } from './read-ends.ts'
import { withRoom } from './with-room.ts'

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

/**
 * Copies live blobs out of packs into new ones: only the segments that are needed are read, and no more than one of them is in memory. What
 * was copied is proved by its ids before it is written (`PackWriter`), so that the rest of the pack may be damaged. For one thread.
 */
export class PackCopier {
  readonly #context: RepositoryContext
  readonly #storage: PackStorage
  readonly #writer: PackWriter
  readonly #decompressor: Decompressor = createDecompressor()
  #sealed: Buffer = Buffer.alloc(0)
  #payload: Buffer = Buffer.alloc(0)

  constructor(context: RepositoryContext, onPack: (pack: WrittenPack) => void) {
    this.#context = context
    this.#storage = openStorage(context.location)
    this.#writer = new PackWriter(context, this.#storage, onPack)
  }

  /** @throws {RepositoryError} when the pack or what is needed of it is lost or damaged, or the storage fails */
  async copy({ packId, packBytes, segments }: PackCopy): Promise<void> {
    const name = `packs/${packId}`
    const { keys, repositoryId, sealed } = this.#context
    const opened = await readEnds(this.#storage, packId, packBytes, {
      frameRootKey: keys.frameRootKey,
      repositoryId: Buffer.from(repositoryId),
      sealed,
    })
    this.#storage.expectRanges(
      segments.map(({ segment }) => ({
        name,
        offsetBytes: opened.trailer.offsets[segment],
        lengthBytes: opened.trailer.payloadBytes[segment] + tagBytes,
      })),
    )
    for (const { segment, offsets } of segments) this.#copySegment(name, opened, segment, offsets)
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
    name: string,
    { trailer, opener }: OpenedPack,
    segment: number,
    live: Uint32Array,
  ): void {
    const form = segmentFormOf(trailer, segment)
    const kind = trailer.kinds[segment] === 0 ? 0 : 1
    const first = trailer.firstBlobs[segment]
    const end = first + trailer.blobCounts[segment]
    const sealedBytes = form.payloadBytes + tagBytes
    this.#sealed = withRoom(this.#sealed, sealedBytes)
    const sealed = this.#sealed.subarray(0, sealedBytes)
    const offsetBytes = trailer.offsets[segment]
    const range = { name, offsetBytes, lengthBytes: sealedBytes }
    const readSealed = (): void => this.#storage.readRangeSync(name, offsetBytes, sealed)
    if (live.length === end - first) {
      this.#payload = withRoom(this.#payload, form.payloadBytes)
      const payload = readProvedSync(this.#storage, range, () => {
        readSealed()
        return opener.open(segmentDescriptor(form), sealed, this.#payload)
      })
      this.#writer.copySegment(payload, form.codec, {
        kind,
        plainBytes: form.plainBytes,
        ids: trailer.ids.subarray(first * idBytes, end * idBytes),
        lengths: trailer.blobLengths.subarray(first, end),
      })
      return
    }
    this.#payload = withRoom(this.#payload, form.plainBytes)
    const tools = { opener, decompressor: this.#decompressor, target: this.#payload }
    const plain = readProvedSync(this.#storage, range, () => {
      readSealed()
      return openSegment(tools, form, sealed)
    })
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
