import { isRegular } from '../../format/tree/entry-kind.ts'
import type { SnapshotStatistics } from '../../model/snapshot.ts'
import { ArchiveFolder } from './archive-tree.ts'
import type { EntryRecords } from './entry-records.ts'

export type TreeCounts = Pick<SnapshotStatistics, 'files' | 'directories' | 'others' | 'bytes'>

/** Counts like a walk of the same files on a disk: another name of a file is a file. */
export function countTree(root: ArchiveFolder, records: EntryRecords): TreeCounts {
  const counts = { files: 0, directories: 0, others: 0, bytes: 0 }
  const waiting = [root]
  for (let folder = waiting.pop(); folder; folder = waiting.pop()) {
    for (const child of folder.children.values()) {
      if (child instanceof ArchiveFolder) {
        counts.directories += 1
        waiting.push(child)
      } else if (isRegular(records.modeOf(child))) {
        counts.files += 1
        counts.bytes += records.sizeOf(child)
      } else counts.others += 1
    }
  }
  return counts
}
