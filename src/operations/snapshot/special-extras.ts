import { posix } from '../../filesystem/posix/posix.ts'
import { FILE_TYPE, STAT_OFFSET } from '../../filesystem/posix/stat-record.ts'
import { encodeExtras } from '../../format/tree/extras.ts'

/**
 * What a symbolic link, fifo or device has besides its columns.
 *
 * @param words status records; of a link the size becomes that of the target that is stored, also when the link changed meanwhile
 * @throws the file system's error
 */
export function readSpecialExtras(
  directory: number,
  name: Buffer,
  words: Uint32Array,
  at: number,
): Buffer {
  const attributes = posix.getXattrsAt(directory, name)
  const type = words[at + STAT_OFFSET.mode / 4] & FILE_TYPE.mask
  if (type === FILE_TYPE.fifo) return encodeExtras({ attributes })
  if (type === FILE_TYPE.symlink) {
    const linkTarget = posix.readlinkAt(directory, name)
    words[at + STAT_OFFSET.size / 4] = linkTarget.length
    words[at + STAT_OFFSET.size / 4 + 1] = 0
    return encodeExtras({ attributes, linkTarget })
  }
  const device = {
    major: words[at + STAT_OFFSET.rdevMajor / 4],
    minor: words[at + STAT_OFFSET.rdevMinor / 4],
  }
  return encodeExtras({ attributes, device })
}
