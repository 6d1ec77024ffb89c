import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { readContent } from '../../format/tree/content-reader.ts'
import { isRegular } from '../../format/tree/entry-kind.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import { escapeBytes } from '../../foundation/escape-bytes.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { findPath } from '../../repository/find-entry.ts'
import { BlobReader } from '../../repository/blob-reader.ts'
import type { Repository } from '../../repository/repository.ts'
import { blobKinds } from '../../repository/segment-buffer.ts'
import { SegmentReader } from '../../repository/segment-reader.ts'

const cacheBytes = 8 * 1024 * 1024
const zeros = Buffer.alloc(1024 * 1024)

/**
 * Writes the content of one file to a stream. Every chunk is checked before it is written.
 *
 * @returns bytes written
 * @throws {HoldfastError} `PATH_NOT_FOUND`, also when the path is no regular file
 * @throws {RepositoryError} when a chunk is lost; what was written before it is right
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
  const content = readContent(found.page, found.index, (id) => repository.trees.readList(id))
  while (content.next()) {
    signal?.throwIfAborted()
    if (content.isHole) {
      for (let left = content.bytes; left > 0; left -= Math.min(left, zeros.length)) {
        await write(output, zeros.subarray(0, Math.min(left, zeros.length)))
      }
    } else {
      await write(output, reader.read(blobKinds.data, content.id, content.bytes))
    }
  }
  return found.page.sizeOf(found.index)
}

async function write(output: Writable, bytes: Buffer): Promise<void> {
  if (!output.write(bytes)) await once(output, 'drain')
}
