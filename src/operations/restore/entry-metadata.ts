import type { FileMetadata } from '../../filesystem/metadata/file-metadata.ts'
import { decodeExtras } from '../../format/tree/extras.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'

/** What an entry of a page says besides name, type and content. */
export function entryMetadata(page: TreePage, index: number): FileMetadata {
  const hasExtras = page.extraOffsets[index + 1] > page.extraOffsets[index]
  const attributes = hasExtras ? decodeExtras(page, index).attributes : []
  return {
    mode: page.mode(index) & 0o7777,
    uid: page.uid(index),
    gid: page.gid(index),
    mtimeSec: page.mtimeSeconds(index),
    mtimeNsec: page.mtimeNs(index),
    ...(attributes.length > 0 ? { attributes } : {}),
  }
}
