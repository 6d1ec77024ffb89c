import { isDirectory, isRegular } from '../../format/tree/entry-kind.ts'
import { depthOfFlags, flagChangedWhileRead, flagRacy } from '../../format/tree/entry-flags.ts'
import { column } from '../../format/tree/tree-limits.ts'
import { PageCursor } from '../../repository/page-cursor.ts'
import { STAT_OFFSET } from '../../filesystem/posix/stat-record.ts'

const word = {
  mode: STAT_OFFSET.mode / 4,
  ino: STAT_OFFSET.ino / 4,
  size: STAT_OFFSET.size / 4,
  mtimeSec: STAT_OFFSET.mtimeSec / 4,
  mtimeNsec: STAT_OFFSET.mtimeNsec / 4,
  ctimeSec: STAT_OFFSET.ctimeSec / 4,
  ctimeNsec: STAT_OFFSET.ctimeNsec / 4,
} as const

/**
 * Walks a directory of the parent snapshot beside the directory on the disk; both are in the order of names, so each page is
 * looked at once.
 */
export class ParentCursor extends PageCursor {
  static readonly none: ParentCursor = new ParentCursor(null)

  /** Ids of what the file found refers to, 32 bytes each; undefined for other entries, and for a file whose references are in lists. */
  get contentIds(): Uint8Array | undefined {
    const { page } = this
    const index = this.index
    if (!isRegular(page.mode(index)) || depthOfFlags(page.flags(index)) > 0) return undefined
    return page.chunkIdsOf(index)
  }

  /** Whether the entry found is a directory. */
  get isDirectory(): boolean {
    return isDirectory(this.page.mode(this.index))
  }

  /**
   * Whether a regular file is still what the parent snapshot saved: same kind, size, mtime, ctime (both in nanoseconds) and inode, and its
   * stamps were old enough to be trusted when it was read.
   *
   * @param record words of the file's status record
   */
  isUnchanged(record: Uint32Array, at: number): boolean {
    const page = this.page
    const index = this.index
    return (
      record[at + word.size] === page.word(column.sizeLow, index) &&
      record[at + word.mtimeNsec] === page.word(column.mtimeNs, index) &&
      record[at + word.mtimeSec] === page.word(column.mtimeLow, index) &&
      record[at + word.ctimeNsec] === page.word(column.ctimeNs, index) &&
      record[at + word.ctimeSec] === page.word(column.ctimeLow, index) &&
      record[at + word.ino] === page.word(column.inodeLow, index) &&
      record[at + word.ino + 1] === page.word(column.inodeHigh, index) &&
      record[at + word.size + 1] === page.word(column.sizeHigh, index) &&
      record[at + word.mtimeSec + 1] === page.word(column.mtimeHigh, index) &&
      record[at + word.ctimeSec + 1] === page.word(column.ctimeHigh, index) &&
      record[at + word.mode] === page.mode(index) &&
      isRegular(page.mode(index)) &&
      (page.flags(index) & (flagRacy | flagChangedWhileRead)) === 0
    )
  }
}
