import type { Writable } from 'node:stream'
import { isRegular } from '../../format/tree/entry-kind.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import { escapeBytes } from '../../foundation/escape-bytes.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { chunksAhead, contentAhead } from '../../repository/content-ahead.ts'
import { findPath } from '../../repository/find-entry.ts'
import { BlobReader } from '../../repository/blob-reader.ts'
import type { Repository } from '../../repository/repository.ts'
import { blobKinds } from '../../repository/segment-buffer.ts'
import { SegmentReader } from '../../repository/segment-reader.ts'
import { ByteSink } from './byte-sink.ts'

const cacheBytes = 8 * 1024 * 1024
const zeros = Buffer.alloc(1024 * 1024)

/**
 * Writes the content of one file to a stream. Every chunk is checked before it is written.
 *
 * @returns bytes written
 * @throws {HoldfastError} `PATH_NOT_FOUND`, also when the path is no regular file
 * @throws {RepositoryError} when a chunk is lost; what was written before it is right
 * @throws what the stream breaks with, and {@link TargetError} when its reader goes away
 */
export async function dumpFile(
  repository: Repository,
  snapshot: Snapshot,
  path: Buffer,
  output: Writable,
  signal?: AbortSignal,
): Promise<number> {
  const found = findPath(repository, snapshot, path)
  if (found.kind === 'root' || !isRegular(found.page.mode(found.index))) {
    throw new HoldfastError(
      'PATH_NOT_FOUND',
      `Cannot dump "${escapeBytes(path)}": it is not a regular file`,
      {
        remedy: 'Run `holdfast restore` for folders and other kinds of files',
      },
    )
  }
  const reader = new BlobReader(
    repository.context,
    {
      findBlob: (id) => repository.catalogue.blobs.find(id),
      findAll: (id) => repository.catalogue.blobs.findAll(id),
    },
    new SegmentReader(repository.context, repository.storage, cacheBytes),
  )
  const sink = new ByteSink(output, signal)
  try {
    const content = contentAhead(
      chunksAhead(repository, reader),
      found,
      { start: 0, end: found.page.sizeOf(found.index) },
      (id) => repository.trees.readList(id),
    )
    while (content.next()) {
      if (content.isHole) await writeZeros(sink, content.bytes)
      else await sink.write(reader.read(blobKinds.data, content.id, content.bytes))
    }
  } finally {
    sink.release()
  }
  return found.page.sizeOf(found.index)
}

async function writeZeros(sink: ByteSink, lengthBytes: number): Promise<void> {
  for (let left = lengthBytes; left > 0; left -= zeros.length) {
    await sink.write(zeros.subarray(0, Math.min(left, zeros.length)))
  }
}
