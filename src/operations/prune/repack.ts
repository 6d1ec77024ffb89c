import type { PackRow } from '../../catalogue/blob-location.ts'
import { createDecompressor } from '../../format/compression/zstd.ts'
import {
  decodePack,
  openSegment,
  segmentDescriptor,
  segmentFormOf,
  type OpenedPack,
} from '../../format/pack/pack-reader.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'
import { idBytes } from '../../model/ids.ts'
import type { PackWriter } from '../../repository/pack-writer.ts'
import type { Repository } from '../../repository/repository.ts'
import { writePacks } from '../../repository/write-packs.ts'
import type { LiveBlobs } from './live-blobs.ts'
import { offsetOfPlace } from './live-places.ts'
import { packAccessOf } from './pack-access.ts'

export interface RepackOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: OnEvent | undefined
}

/**
 * Copies what is live in some packs into new ones. They are durable and named by durable index objects when the promise resolves; nothing
 * has been taken away.
 *
 * @returns length of the new packs, in bytes
 */
export async function repack(
  repository: Repository,
  from: readonly PackRow[],
  live: LiveBlobs,
  options: RepackOptions,
): Promise<number> {
  const decompressor = createDecompressor()
  return await writePacks(repository, async (writer) => {
    for (const [done, pack] of from.entries()) {
      options.signal?.throwIfAborted()
      const bytes = await repository.storage.get(`packs/${pack.id}`)
      const opened = decodePack(bytes, packAccessOf(repository), pack.id)
      for (const [segment, { unique }] of live.inPack(pack.row) ?? []) {
        copySegment({ opened, bytes, segment, live: unique }, writer, decompressor)
      }
      await writer.settle()
      report(options, done + 1, from.length)
    }
  })
}

interface SegmentCopy {
  readonly opened: OpenedPack
  /** The whole pack. */
  readonly bytes: Buffer
  readonly segment: number
  /** Places of the live blobs in it, ascending. */
  readonly live: Float64Array
}

/** A segment in which everything is live is taken over as it is; of any other the live blobs are compressed anew. */
function copySegment(
  { opened: { trailer, opener }, bytes, segment, live }: SegmentCopy,
  writer: PackWriter,
  decompressor: ReturnType<typeof createDecompressor>,
): void {
  const form = segmentFormOf(trailer, segment)
  const kind = trailer.kinds[segment] === 0 ? 0 : 1
  const first = trailer.firstBlobs[segment]
  const end = first + trailer.blobCounts[segment]
  const start = trailer.offsets[segment]
  const sealed = bytes.subarray(start, start + form.payloadBytes + 16)
  if (live.length === end - first) {
    writer.copySegment(opener.open(segmentDescriptor(form), sealed), form.codec, {
      kind,
      plainBytes: form.plainBytes,
      ids: trailer.ids.subarray(first * idBytes, end * idBytes),
      lengths: trailer.blobLengths.subarray(first, end),
    })
    return
  }
  const plain = openSegment({ opener, decompressor }, form, sealed)
  const wanted = new Set<number>()
  for (const place of live) wanted.add(offsetOfPlace(place))
  for (let blob = first, offset = 0; blob < end; blob++) {
    const length = trailer.blobLengths[blob]
    if (wanted.has(offset)) {
      const id = trailer.ids.subarray(blob * idBytes, (blob + 1) * idBytes)
      writer.add(kind, id, plain.subarray(offset, offset + length))
    }
    offset += length
  }
}

function report({ onEvent }: RepackOptions, done: number, total: number): void {
  onEvent?.({
    type: 'progress',
    phase: 'repacking',
    filesDone: done,
    filesTotal: total,
    bytesDone: done,
    bytesTotal: total,
    errors: 0,
  })
}
