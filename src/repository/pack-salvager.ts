import { createDecompressor, type Decompressor } from '../format/compression/zstd.ts'
import { expandPayload } from '../format/compression/expand-payload.ts'
import { readPackTrailer, segmentDescriptor, segmentFormOf } from '../format/pack/pack-reader.ts'
import type { PackTrailer } from '../format/pack/pack-trailer.ts'
import { DamageError } from '../foundation/errors.ts'
import { idBytes } from '../model/ids.ts'
import { createBlobHashers, type BlobHashers } from './blob-hashers.ts'
import { openIndexedPack, type IndexedEnds, type UsablePack } from './audit/indexed-pack.ts'
import { isFinding } from './loss.ts'
import { openPackRanges, type PackRanges } from './pack-ranges.ts'
import type { PackWriter } from './pack-writer.ts'
import type { RepositoryContext } from './repository-context.ts'
import { blobKinds } from './segment-buffer.ts'

export interface SalvageRequest {
  readonly packId: string
  readonly packBytes: number
  /** Serves where the pack's own header, trailer or footer cannot be read. */
  readonly indexed: IndexedEnds | undefined
}

export interface Salvaged {
  readonly blobs: number
  /** Plaintext of the blobs, in bytes. */
  readonly bytes: number
}

const tagBytes = 16

/** Copies what still proves right out of damaged packs; one segment is in memory at a time. */
export class PackSalvager {
  readonly #context: RepositoryContext
  readonly #ranges: PackRanges
  readonly #decompressor: Decompressor = createDecompressor()
  readonly #hashers: BlobHashers

  constructor(context: RepositoryContext) {
    this.#context = context
    this.#ranges = openPackRanges(context)
    this.#hashers = createBlobHashers(context.keys)
  }

  /**
   * Hands every blob that verifies to the writer: segments of which all is right as they are, of others the blobs one by one.
   *
   * @throws {RepositoryError} when the storage fails otherwise than by loss, or nothing tells what is in the pack
   */
  async salvage(request: SalvageRequest, writer: PackWriter): Promise<Salvaged> {
    const pack = await this.#open(request)
    let blobs = 0
    let bytes = 0
    for (let segment = 0; segment < pack.trailer.segmentCount; segment++) {
      try {
        const saved = this.#salvageSegment(request.packId, pack, segment, writer)
        blobs += saved.blobs
        bytes += saved.bytes
      } catch (error) {
        if (!(error instanceof SegmentLoss)) throw error
      }
      await writer.settle()
    }
    return { blobs, bytes }
  }

  async close(): Promise<void> {
    await this.#ranges.close()
  }

  async #open({ packId, packBytes, indexed }: SalvageRequest): Promise<UsablePack> {
    try {
      return await readPackTrailer(
        (offset, lengthBytes) => {
          const bytes = Buffer.allocUnsafe(lengthBytes)
          this.#ranges.read(packId, offset, bytes)
          return bytes
        },
        packBytes,
        {
          frameRootKey: this.#context.keys.frameRootKey,
          repositoryId: Buffer.from(this.#context.repositoryId),
          sealed: this.#context.sealed,
        },
      )
    } catch (error) {
      if (!isFinding(error) || !indexed) throw error
      return openIndexedPack(this.#context, indexed)
    }
  }

  #salvageSegment(packId: string, pack: UsablePack, segment: number, writer: PackWriter): Salvaged {
    const { trailer } = pack
    const { payload, plain } = this.#openSegment(packId, pack, segment)
    const kind = trailer.kinds[segment] === 0 ? blobKinds.data : blobKinds.tree
    const first = trailer.firstBlobs[segment]
    const end = first + trailer.blobCounts[segment]
    const whole = this.#wholeBlobs(trailer, segment, plain)
    if (whole.length === end - first) {
      const form = segmentFormOf(trailer, segment)
      writer.copySegment(payload, form.codec, {
        kind,
        plainBytes: form.plainBytes,
        ids: trailer.ids.subarray(first * idBytes, end * idBytes),
        lengths: trailer.blobLengths.subarray(first, end),
      })
      return { blobs: end - first, bytes: form.plainBytes }
    }
    let bytes = 0
    for (const { blob, offset } of whole) {
      const length = trailer.blobLengths[blob]
      const id = trailer.ids.subarray(blob * idBytes, (blob + 1) * idBytes)
      writer.add(kind, id, plain.subarray(offset, offset + length))
      bytes += length
    }
    return { blobs: whole.length, bytes }
  }

  /** @throws {SegmentLoss} when it is not what was sealed */
  #openSegment(
    packId: string,
    { trailer, opener }: UsablePack,
    segment: number,
  ): { payload: Uint8Array; plain: Uint8Array } {
    try {
      const form = segmentFormOf(trailer, segment)
      const sealed = Buffer.allocUnsafe(form.payloadBytes + tagBytes)
      this.#ranges.read(packId, trailer.offsets[segment], sealed)
      const payload = opener.open(segmentDescriptor(form), sealed)
      return {
        payload,
        plain: form.codec === 0 ? payload : expandPayload(this.#decompressor, form, payload),
      }
    } catch (error) {
      if (!isFinding(error)) throw error
      throw new SegmentLoss(error.message, { cause: error })
    }
  }

  #wholeBlobs(
    trailer: PackTrailer,
    segment: number,
    plain: Uint8Array,
  ): { blob: number; offset: number }[] {
    const hasher = this.#hashers[trailer.kinds[segment] === 0 ? 0 : 1]
    const first = trailer.firstBlobs[segment]
    const whole: { blob: number; offset: number }[] = []
    for (let index = 0, offset = 0; index < trailer.blobCounts[segment]; index++) {
      const blob = first + index
      const end = offset + trailer.blobLengths[blob]
      const id = hasher.hash(plain.subarray(offset, end))
      if (id.compare(trailer.ids, blob * idBytes, (blob + 1) * idBytes) === 0) {
        whole.push({ blob, offset })
      }
      offset = end
    }
    return whole
  }
}

/** One segment cannot be had, and the others can: kept apart from what the writer throws. */
class SegmentLoss extends DamageError {}
