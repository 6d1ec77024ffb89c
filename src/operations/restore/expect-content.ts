import { isHoleId, type ContentReferences } from '../../format/tree/content-list.ts'
import { idBytes } from '../../model/ids.ts'
import type { WorkerBlobs } from '../../repository/worker-blobs.ts'

/** A part of a file, in bytes. */
export interface FileSpan {
  readonly start: number
  readonly end: number
}

/**
 * Tells a storage that is far away which chunks of a file will be read.
 *
 * @param references of a page or a content list; those to lists are for when these are read
 * @param offset where the first of them begins in the file
 * @param span what of the file will be read
 */
export function expectContent(
  blobs: Pick<WorkerBlobs, 'findMany' | 'expect'>,
  references: ContentReferences & { readonly level: number },
  offset: number,
  span: FileSpan,
): void {
  const { ids, lengths, level } = references
  if (level > 0) return
  const wanted: Buffer[] = []
  for (let item = 0, at = offset; item < lengths.length && at < span.end; item++) {
    const start = item * idBytes
    if (at >= span.start && !isHoleId(ids, start)) {
      wanted.push(ids.subarray(start, start + idBytes))
    }
    at += lengths[item]
  }
  if (wanted.length > 0) blobs.expect(blobs.findMany(Buffer.concat(wanted)))
}
