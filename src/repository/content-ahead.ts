import type { BlobLocations } from '../catalogue/blob-location.ts'
import { decodeContentList, isHoleId, type ContentReferences } from '../format/tree/content-list.ts'
import { readContent, type ContentReader } from '../format/tree/content-reader.ts'
import { depthOfFlags } from '../format/tree/entry-flags.ts'
import type { TreePage } from '../format/tree/tree-page.ts'
import { idBytes } from '../model/ids.ts'
import type { BlobReader } from './blob-reader.ts'
import type { Repository } from './repository.ts'
import { firstOfSegments } from './segment-locations.ts'

/** A part of a file, in bytes: the chunks that begin in it. */
export interface FileSpan {
  readonly start: number
  readonly end: number
  /** Also the chunk that begins before `start` and ends behind it. */
  readonly hasCutChunk?: boolean
}

/** Finds chunks, and tells the storage which of them will be read. */
export interface ChunksAhead {
  /** Whether it is worth while to say what will be read. */
  readonly isRemote: boolean
  findMany(ids: Uint8Array): BlobLocations
  expect(locations: BlobLocations): void
}

/** For the thread that opened the repository. */
export function chunksAhead({ catalogue, storage }: Repository, reader: BlobReader): ChunksAhead {
  const { blobs } = catalogue
  return {
    isRemote: storage.capabilities.isRemote,
    findMany: (ids) => blobs.findMany(ids),
    expect: (locations) => reader.expect(firstOfSegments(blobs, locations)),
  }
}

/**
 * Goes through the content of a file; a storage that is far away hears which chunks will be read, as soon as it is known.
 *
 * @param span what of the file will be read
 * @param loadList gets a content list by its id
 */
export function contentAhead(
  blobs: ChunksAhead,
  { page, index }: { readonly page: TreePage; readonly index: number },
  span: FileSpan,
  loadList: (id: Buffer) => Buffer,
): ContentReader {
  const load = (id: Buffer): Buffer => {
    const bytes = loadList(id)
    if (blobs.isRemote) expectContent(blobs, decodeContentList(bytes), content.offset, span)
    return bytes
  }
  const content = readContent(page, index, load, { start: span.start })
  if (blobs.isRemote && depthOfFlags(page.flags(index)) === 0) {
    const references = { ids: page.chunkIdsOf(index), lengths: page.chunkBytesOf(index) }
    expectContent(blobs, { ...references, level: 0 }, 0, span)
  }
  return content
}

/**
 * @param references of a page or a content list; those to lists are for when these are read
 * @param offset where the first of them begins in the file
 */
function expectContent(
  blobs: ChunksAhead,
  references: ContentReferences & { readonly level: number },
  offset: number,
  span: FileSpan,
): void {
  const { ids, lengths, level } = references
  if (level > 0) return
  const wanted: Buffer[] = []
  for (let item = 0, at = offset; item < lengths.length && at < span.end; item++) {
    const start = item * idBytes
    const end = at + lengths[item]
    const isWanted = (span.hasCutChunk === true ? end - 1 : at) >= span.start
    if (isWanted && !isHoleId(ids, start)) {
      wanted.push(ids.subarray(start, start + idBytes))
    }
    at = end
  }
  if (wanted.length > 0) blobs.expect(blobs.findMany(Buffer.concat(wanted)))
}
