import type { TreePage } from './tree-page.ts'

const nothing = Buffer.alloc(0)
const noLengths = new Float64Array(0)

/**
 * One entry on its way into a page. A caller keeps one draft, fills it for every entry and appends it; everything
 * it points to is copied by the append, so the buffers may be used again at once.
 *
 * Plain mutable fields, because an object per entry would cost more than the entry itself.
 */
export class EntryDraft {
  /** `st_mode`. */
  mode = 0
  uid = 0
  gid = 0
  /** See `composeFlags`. */
  flags = 0
  /** Bytes; an integer from 0 to 2^53 - 1. */
  size = 0
  /** Seconds since 1970 as the two words of an `i64`; either sign convention is taken for a word. */
  mtimeLow = 0
  mtimeHigh = 0
  mtimeNs = 0
  /** Only for regular files. */
  ctimeLow = 0
  ctimeHigh = 0
  ctimeNs = 0
  /** Only for regular files and hard-linked entries. */
  inodeLow = 0
  inodeHigh = 0
  /** The name is names[nameStart, nameEnd). */
  names: Uint8Array = nothing
  nameStart = 0
  nameEnd = 0
  /** Reference ids lie at chunkIds[chunkIdsStart], 32 bytes each. */
  chunkIds: Uint8Array = nothing
  chunkIdsStart = 0
  /** Bytes that each reference covers, from chunkBytes[chunkBytesStart] on. */
  chunkBytes: Float64Array = noLengths
  chunkBytesStart = 0
  chunkCount = 0
  /** Encoded extras (`encodeExtras`) are extras[extraStart, extraEnd). */
  extras: Uint8Array = nothing
  extraStart = 0
  extraEnd = 0

  /** Back to an entry without name, content and extras. */
  clear(): void {
    this.mode = 0
    this.uid = 0
    this.gid = 0
    this.flags = 0
    this.size = 0
    this.mtimeLow = 0
    this.mtimeHigh = 0
    this.mtimeNs = 0
    this.ctimeLow = 0
    this.ctimeHigh = 0
    this.ctimeNs = 0
    this.inodeLow = 0
    this.inodeHigh = 0
    this.setName(nothing)
    this.clearContent()
    this.setExtras(nothing)
  }

  setName(name: Uint8Array): void {
    this.names = name
    this.nameStart = 0
    this.nameEnd = name.length
  }

  setExtras(extras: Uint8Array): void {
    this.extras = extras
    this.extraStart = 0
    this.extraEnd = extras.length
  }

  /** One reference for every 32 bytes of `ids`. */
  setContent(ids: Uint8Array, lengths: Float64Array): void {
    this.chunkIds = ids
    this.chunkIdsStart = 0
    this.chunkBytes = lengths
    this.chunkBytesStart = 0
    this.chunkCount = lengths.length
  }

  /** The same content as an entry of another page; the depth in the flags has to be taken over as well. */
  setContentOf(page: TreePage, index: number): void {
    this.setContent(page.chunkIdsOf(index), page.chunkBytesOf(index))
  }

  clearContent(): void {
    this.setContent(nothing, noLengths)
  }
}
