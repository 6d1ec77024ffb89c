import type { PageReference } from '../../format/tree/directory-reader.ts'
import { depthOfFlags, flagChangedWhileRead, flagRacy } from '../../format/tree/entry-flags.ts'
import { isDirectory, isRegular } from '../../format/tree/entry-kind.ts'
import { column, type EntryColumn } from '../../format/tree/tree-limits.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import type { OpenParentDirectory } from '../../repository/parent-directories.ts'
import { PageCursor } from '../../repository/page-cursor.ts'

/** An entry of the target that has the name that was looked for. */
export interface KnownEntry {
  readonly page: TreePage
  readonly index: number
  /** Its content is that of the source's entry, and may stand for it unread. */
  readonly isSame: boolean
}

/** What the target has already of a directory that is copied. Entries must be asked for in the order of their names. */
export interface KnownEntries {
  /** @param page of the source */
  find(page: TreePage, index: number): KnownEntry | null
  /** What the target has of the directory that was found last. */
  below(): KnownEntries
}

export const nothingKnown: KnownEntries = {
  find: () => null,
  below: () => nothingKnown,
}

/**
 * Compares with a snapshot of the source of which the target has a copy: what has the same references there has the same content, whole
 * directories at once. Nothing is trusted but hashes.
 */
export class TwinEntries implements KnownEntries {
  readonly #openSource: OpenParentDirectory
  readonly #openTarget: OpenParentDirectory
  readonly #source: PageCursor
  readonly #target: PageCursor
  #isBoth = false

  constructor(
    open: { readonly source: OpenParentDirectory; readonly target: OpenParentDirectory },
    top: { readonly source: PageReference; readonly target: PageReference },
  ) {
    this.#openSource = open.source
    this.#openTarget = open.target
    this.#source = new PageCursor(open.source(top.source.id, top.source.bytes))
    this.#target = new PageCursor(open.target(top.target.id, top.target.bytes))
  }

  find(page: TreePage, index: number): KnownEntry | null {
    const isInSource = this.#source.findSame(page, index)
    const isInTarget = this.#target.findSame(page, index)
    this.#isBoth = isInSource && isInTarget
    if (!isInTarget) return null
    const { page: known, index: at } = this.#target
    const isSame =
      isInSource &&
      hasSameReferences(page, index, this.#source.page, this.#source.index) &&
      isSameKind(page, index, known, at) &&
      (isDirectory(page.mode(index)) || page.sizeOf(index) === known.sizeOf(at))
    return { page: known, index: at, isSame }
  }

  below(): KnownEntries {
    if (!this.#isBoth) return nothingKnown
    const source = directoryAt(this.#source)
    const target = directoryAt(this.#target)
    if (!source || !target) return nothingKnown
    return new TwinEntries(
      { source: this.#openSource, target: this.#openTarget },
      { source, target },
    )
  }
}

/**
 * Compares with a backup of the same files in the target, by what a backup goes by: size, mtime, ctime (both in nanoseconds) and inode, of
 * files whose stamps could be trusted in both.
 */
export class StampedEntries implements KnownEntries {
  readonly #open: OpenParentDirectory
  readonly #target: PageCursor
  #isFound = false

  constructor(open: OpenParentDirectory, top: PageReference) {
    this.#open = open
    this.#target = new PageCursor(open(top.id, top.bytes))
  }

  find(page: TreePage, index: number): KnownEntry | null {
    this.#isFound = this.#target.findSame(page, index)
    if (!this.#isFound) return null
    const { page: known, index: at } = this.#target
    const isSame = isRegular(page.mode(index)) && hasSameStamps(page, index, known, at)
    return { page: known, index: at, isSame }
  }

  below(): KnownEntries {
    const top = this.#isFound ? directoryAt(this.#target) : undefined
    return top ? new StampedEntries(this.#open, top) : nothingKnown
  }
}

function directoryAt({ page, index }: PageCursor): PageReference | undefined {
  if (!isDirectory(page.mode(index))) return undefined
  const reference = page.chunkOffsets[index]
  return { id: page.chunkId(reference), bytes: page.chunkBytes(reference) }
}

const kindMask = 0o170000

function isSameKind(left: TreePage, index: number, right: TreePage, at: number): boolean {
  return (left.mode(index) & kindMask) === (right.mode(at) & kindMask)
}

function hasSameReferences(left: TreePage, index: number, right: TreePage, at: number): boolean {
  const count = left.chunkCountOf(index)
  if (!isSameKind(left, index, right, at) || right.chunkCountOf(at) !== count) return false
  if (depthOfFlags(left.flags(index)) !== depthOfFlags(right.flags(at))) return false
  if (left.chunkIdsOf(index).compare(right.chunkIdsOf(at)) !== 0) return false
  // Holes of different lengths have equal ids.
  const first = left.chunkOffsets[index]
  const other = right.chunkOffsets[at]
  for (let item = 0; item < count; item++) {
    if (left.chunkBytes(first + item) !== right.chunkBytes(other + item)) return false
  }
  return true
}

const stampColumns: readonly EntryColumn[] = [
  column.mode,
  column.sizeLow,
  column.sizeHigh,
  column.mtimeLow,
  column.mtimeHigh,
  column.mtimeNs,
  column.ctimeLow,
  column.ctimeHigh,
  column.ctimeNs,
  column.inodeLow,
  column.inodeHigh,
]
const untrusted = flagRacy | flagChangedWhileRead

function hasSameStamps(left: TreePage, index: number, right: TreePage, at: number): boolean {
  return (
    ((left.flags(index) | right.flags(at)) & untrusted) === 0 &&
    stampColumns.every((which) => left.word(which, index) === right.word(which, at))
  )
}
