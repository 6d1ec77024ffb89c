import type { EntryDraft } from './entry-draft.ts'
import { compareByteRanges } from './names.ts'
import { column } from './tree-limits.ts'
import type { TreePage } from './tree-page.ts'
import { highWord, lowWord } from './words.ts'

/**
 * Whether a draft says exactly what an entry of a page says, so that `DirectoryWriter.appendFrom` may take the entry
 * instead and, when all others are the same as well, the whole page.
 */
export function isSameEntry(page: TreePage, index: number, draft: EntryDraft): boolean {
  return (
    page.compareName(index, draft.names, draft.nameStart, draft.nameEnd) === 0 &&
    hasSameColumns(page, index, draft) &&
    hasSameContent(page, index, draft) &&
    compareByteRanges(
      page.bytes,
      page.extraOffsets[index],
      page.extraOffsets[index + 1],
      draft.extras,
      draft.extraStart,
      draft.extraEnd,
    ) === 0
  )
}

function hasSameColumns(page: TreePage, index: number, draft: EntryDraft): boolean {
  return (
    page.mode(index) === draft.mode &&
    page.uid(index) === draft.uid &&
    page.gid(index) === draft.gid &&
    page.flags(index) === draft.flags >>> 0 &&
    page.sizeOf(index) === draft.size &&
    page.word(column.mtimeLow, index) === draft.mtimeLow >>> 0 &&
    page.word(column.mtimeHigh, index) === draft.mtimeHigh >>> 0 &&
    page.mtimeNs(index) === draft.mtimeNs &&
    page.word(column.ctimeLow, index) === draft.ctimeLow >>> 0 &&
    page.word(column.ctimeHigh, index) === draft.ctimeHigh >>> 0 &&
    page.ctimeNs(index) === draft.ctimeNs &&
    page.inodeLow(index) === draft.inodeLow >>> 0 &&
    page.inodeHigh(index) === draft.inodeHigh >>> 0
  )
}

function hasSameContent(page: TreePage, index: number, draft: EntryDraft): boolean {
  const count = page.chunkCountOf(index)
  if (count !== draft.chunkCount) return false
  const first = page.chunkOffsets[index]
  for (let item = 0; item < count; item++) {
    const bytes = draft.chunkBytes[draft.chunkBytesStart + item]
    if (page.chunkBytesLow(first + item) !== lowWord(bytes)) return false
    if (page.chunkBytesHigh(first + item) !== highWord(bytes)) return false
  }
  const idsStart = page.chunkIdsStart + 32 * first
  const draftEnd = draft.chunkIdsStart + 32 * count
  return (
    compareByteRanges(
      page.bytes,
      idsStart,
      idsStart + 32 * count,
      draft.chunkIds,
      draft.chunkIdsStart,
      draftEnd,
    ) === 0
  )
}
