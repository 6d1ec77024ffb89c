import type { DirectoryWriter } from '../../format/tree/directory-writer.ts'
import { EntryDraft } from '../../format/tree/entry-draft.ts'
import { isSameEntry } from '../../format/tree/is-same-entry.ts'
import { column } from '../../format/tree/tree-limits.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import { idBytes } from '../../model/ids.ts'
import { fate, type PageSlice } from './copy-directory.ts'

const depthMask = 0xf0

/** Writes entries of the source into directories of the target: the same in all but the references, which are the target's. */
export class EntryCopier {
  readonly #draft = new EntryDraft()
  readonly #directoryBytes = new Float64Array(1)

  emit(slice: PageSlice, index: number, writer: DirectoryWriter): void {
    const draft = this.#fill(slice.page, index)
    this.#setContent(draft, slice, index)
    const known = slice.knownPages[index]
    const knownIndex = slice.knownIndexes[index]
    // A page of which every entry is taken keeps its id and is not stored again.
    if (known && isSameEntry(known, knownIndex, draft)) writer.appendFrom(known, knownIndex)
    else writer.append(draft)
  }

  #setContent(draft: EntryDraft, slice: PageSlice, index: number): void {
    switch (slice.fates[index]) {
      case fate.taken:
        this.#takeContent(draft, slice, index)
        return
      case fate.read:
        this.#setRead(draft, slice, index)
        return
      case fate.directory:
        this.#setDirectory(draft, slice, index)
        return
      default:
        draft.clearContent()
    }
  }

  #takeContent(draft: EntryDraft, slice: PageSlice, index: number): void {
    const known = slice.knownPages[index]
    if (!known) throw new RangeError('An entry that is taken has no page')
    const knownIndex = slice.knownIndexes[index]
    draft.setContentOf(known, knownIndex)
    draft.size = known.sizeOf(knownIndex)
    setDepth(draft, known.flags(knownIndex))
  }

  #setRead(draft: EntryDraft, slice: PageSlice, index: number): void {
    const contents = slice.contents[index]
    if (!contents) throw new RangeError('A file that was read has no content')
    const file = slice.contentFiles[index]
    const start = contents.starts[file]
    draft.chunkIds = contents.ids
    draft.chunkIdsStart = start * idBytes
    draft.chunkBytes = contents.lengths
    draft.chunkBytesStart = start
    draft.chunkCount = contents.counts[file]
    setDepth(draft, contents.depths[file] << 4)
  }

  #setDirectory(draft: EntryDraft, slice: PageSlice, index: number): void {
    const directory = slice.directories.get(index)
    if (!directory) throw new RangeError('A directory has no page')
    this.#directoryBytes[0] = directory.bytes
    draft.size = directory.totalSize
    draft.setContent(directory.id, this.#directoryBytes)
  }

  #fill(page: TreePage, index: number): EntryDraft {
    const draft = this.#draft
    draft.mode = page.mode(index)
    draft.uid = page.uid(index)
    draft.gid = page.gid(index)
    draft.flags = page.flags(index)
    draft.size = page.sizeOf(index)
    draft.mtimeLow = page.word(column.mtimeLow, index)
    draft.mtimeHigh = page.word(column.mtimeHigh, index)
    draft.mtimeNs = page.mtimeNs(index)
    draft.ctimeLow = page.word(column.ctimeLow, index)
    draft.ctimeHigh = page.word(column.ctimeHigh, index)
    draft.ctimeNs = page.ctimeNs(index)
    draft.inodeLow = page.inodeLow(index)
    draft.inodeHigh = page.inodeHigh(index)
    draft.names = page.bytes
    draft.nameStart = page.nameOffsets[index]
    draft.nameEnd = page.nameOffsets[index + 1]
    draft.extras = page.bytes
    draft.extraStart = page.extraOffsets[index]
    draft.extraEnd = page.extraOffsets[index + 1]
    return draft
  }
}

/** How deep the lists of a content are is up to the repository; everything else of the flags is the file's. */
function setDepth(draft: EntryDraft, flags: number): void {
  draft.flags = ((draft.flags & ~depthMask) | (flags & depthMask)) >>> 0
}
