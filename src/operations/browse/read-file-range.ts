import { isRegular } from '../../format/tree/entry-kind.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import { escapeBytes } from '../../foundation/escape-bytes.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { BlobReader } from '../../repository/blob-reader.ts'
import { chunksAhead, contentAhead } from '../../repository/content-ahead.ts'
import { findPath } from '../../repository/find-entry.ts'
import type { Repository } from '../../repository/repository.ts'
import { blobKinds } from '../../repository/segment-buffer.ts'
import { SegmentReader } from '../../repository/segment-reader.ts'

const cacheBytes = 4 * 1024 * 1024
const zeros = Buffer.alloc(256 * 1024)

/** A file of a snapshot, of which any part can be read. */
export interface OpenedFile {
  readonly size: number
  readonly mtimeSeconds: number
  /** Its name, as bytes. */
  readonly name: Buffer
  /** The bytes from `start` to before `end`, in pieces; only the chunks that hold them are read, and each is checked. */
  read(start: number, end: number): Generator<Buffer, void, undefined>
}

/** @throws {HoldfastError} `PATH_NOT_FOUND`, also when the path is no regular file */
export function openFileRange(
  repository: Repository,
  snapshot: Snapshot,
  path: Buffer,
): OpenedFile {
  const found = findPath(repository, snapshot, path)
  if (found.kind === 'root' || !isRegular(found.page.mode(found.index))) {
    throw new HoldfastError(
      'PATH_NOT_FOUND',
      `Cannot read "${escapeBytes(path)}": it is not a regular file`,
      { remedy: 'Restore folders and other kinds of files' },
    )
  }
  const { page, index, components } = found
  const reader = new BlobReader(
    repository.context,
    {
      findBlob: (id) => repository.catalogue.blobs.find(id),
      findAll: (id) => repository.catalogue.blobs.findAll(id),
    },
    new SegmentReader(repository.context, repository.storage, cacheBytes),
  )
  return {
    size: page.sizeOf(index),
    mtimeSeconds: page.mtimeSeconds(index),
    name: components[components.length - 1],
    *read(start, end) {
      const content = contentAhead(
        chunksAhead(repository, reader),
        { page, index },
        { start, end, hasCutChunk: true },
        (id) => repository.trees.readList(id),
      )
      while (content.next()) {
        const { offset, bytes } = content
        if (offset + bytes <= start) continue
        if (offset >= end) return
        const from = Math.max(0, start - offset)
        const to = Math.min(bytes, end - offset)
        if (content.isHole) yield* zeroBytes(to - from)
        // A copy: the bytes wait in a socket while the segment's memory is used again.
        else {
          const chunk = reader.read(blobKinds.data, content.id, bytes)
          yield Buffer.from(chunk.subarray(from, to))
        }
      }
    },
  }
}

function* zeroBytes(count: number): Generator<Buffer, void, undefined> {
  for (let left = count; left > 0; left -= zeros.length) {
    yield zeros.subarray(0, Math.min(left, zeros.length))
  }
}
