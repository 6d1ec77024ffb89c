import { isDirectory, isRegular, isStorableMode, isSymbolicLink } from './entry-kind.ts'
import { areFlagsKnown, depthOfFlags, flagHardLinked } from './entry-flags.ts'
import { extrasFault } from './extras.ts'
import { refuseEntry, refusePage } from './tree-damage.ts'
import { blobBytesMax, column, contentDepthMax, pageHeaderBytes } from './tree-limits.ts'
import type { TreePage } from './tree-page.ts'
import { safeHighWordMax } from './words.ts'

const nanosecondsPerSecond = 1_000_000_000

/**
 * Checks what the entries of a page say, once its layout and names are known to be right.
 *
 * @throws {DamageError} when any rule of docs/FORMAT.md, section 9, does not hold.
 */
export function checkTreePage(page: TreePage): void {
  if (page.level > 0) {
    checkHigherPage(page)
    return
  }
  for (let index = 0; index < page.entryCount; index++) checkEntry(page, index)
}

function checkHigherPage(page: TreePage): void {
  if (page.entryCount === 0) refusePage('a page of a higher level is empty')
  for (let which = 0; which < column.nameBytes; which++) {
    if (which === column.sizeLow || which === column.sizeHigh) continue
    const expected = which === column.chunkCount ? 1 : 0
    for (let index = 0; index < page.entryCount; index++) {
      // The loop runs over the columns in order, all of which are names of a column.
      if (page.word(which as 0, index) !== expected) refuseEntry(index, 'is not that of a page')
    }
  }
  for (let index = 0; index < page.entryCount; index++) {
    checkPageReference(page, index)
    if (page.word(column.extraBytes, index) !== 0) refuseEntry(index, 'has extras in a higher page')
    if (page.word(column.sizeHigh, index) > safeHighWordMax) refuseEntry(index, 'is too large')
    if (page.sizeOf(index) === 0) refuseEntry(index, 'stands for a page without entries')
  }
}

function checkEntry(page: TreePage, index: number): void {
  const mode = page.mode(index)
  if (!isStorableMode(mode)) refuseEntry(index, `has the impossible mode 0o${mode.toString(8)}`)
  const flags = page.flags(index)
  if (!areFlagsKnown(flags)) refuseEntry(index, `has unknown flags 0x${flags.toString(16)}`)
  if (page.word(column.sizeHigh, index) > safeHighWordMax) refuseEntry(index, 'is too large')
  // Not only impossible: 2^30 - 1 and 2^30 - 2 mean "now" and "leave it" to utimensat(2).
  if (page.mtimeNs(index) >= nanosecondsPerSecond) refuseEntry(index, 'has an impossible mtime')
  const extraStart = page.extraOffsets[index]
  const extraEnd = page.extraOffsets[index + 1]
  const fault = extrasFault(page.bytes, extraStart, extraEnd, mode, page.sizeOf(index))
  if (fault !== '') refuseEntry(index, fault)
  if (isRegular(mode)) checkRegular(page, index, flags)
  else checkOther(page, index, mode, flags)
}

function checkRegular(page: TreePage, index: number, flags: number): void {
  if (page.ctimeNs(index) >= nanosecondsPerSecond) refuseEntry(index, 'has an impossible ctime')
  const depth = depthOfFlags(flags)
  if (depth > contentDepthMax) refuseEntry(index, `has content lists of depth ${depth}`)
  const end = page.chunkOffsets[index + 1]
  let rest = page.sizeOf(index)
  for (let reference = page.chunkOffsets[index]; reference < end; reference++) {
    const bytes = page.chunkBytes(reference)
    if (bytes === 0) refuseEntry(index, 'has an empty reference')
    if (depth === 0 && bytes > blobBytesMax && !isHole(page, reference)) {
      refuseEntry(index, 'has a chunk that is too large')
    }
    // What is not exact any more, from 2^53 on, is larger than every rest: it never comes back to 0.
    rest -= bytes
  }
  if (rest !== 0) refuseEntry(index, 'has references that do not add up to its size')
}

function checkOther(page: TreePage, index: number, mode: number, flags: number): void {
  if (depthOfFlags(flags) !== 0) refuseEntry(index, 'has content lists but is no regular file')
  const ctime = page.word(column.ctimeLow, index) | page.word(column.ctimeHigh, index)
  if ((ctime | page.ctimeNs(index)) !== 0) refuseEntry(index, 'has a ctime but is no regular file')
  const isLinked = (flags & flagHardLinked) !== 0
  if (!isLinked && (page.inodeLow(index) | page.inodeHigh(index)) !== 0) {
    refuseEntry(index, 'has an inode number but no second link')
  }
  if (isDirectory(mode)) {
    // A restore that made a hard link to a directory would be refused by the kernel, or tie a knot.
    if (isLinked) refuseEntry(index, 'is a directory with hard links')
    checkPageReference(page, index)
    return
  }
  if (page.chunkCountOf(index) !== 0) refuseEntry(index, 'has content but is no regular file')
  if (!isSymbolicLink(mode) && page.sizeOf(index) !== 0) refuseEntry(index, 'has a size')
}

/** Of a directory or of an entry in a higher page: exactly one page, of a possible length. */
function checkPageReference(page: TreePage, index: number): void {
  if (page.chunkCountOf(index) !== 1) refuseEntry(index, 'has not exactly one page')
  const reference = page.chunkOffsets[index]
  const bytes = page.chunkBytes(reference)
  if (bytes < pageHeaderBytes || bytes > blobBytesMax) {
    refuseEntry(index, `refers to a page of ${bytes} bytes`)
  }
  if (isHole(page, reference)) refuseEntry(index, 'refers to a hole instead of a page')
}

/** A reference whose id is 32 zero bytes. */
export function isHole(page: TreePage, reference: number): boolean {
  const { words } = page
  const first = (page.chunkIdsStart >>> 2) + 8 * reference
  for (let word = first; word < first + 8; word++) if (words[word] !== 0) return false
  return true
}
