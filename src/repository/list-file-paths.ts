import { isDirectory } from '../format/tree/entry-kind.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { rootOf } from './find-entry.ts'
import { isLoss } from './loss.ts'
import type { Repository } from './repository.ts'
import { entryCountOf, walkedPath, walkTree } from './tree-walk.ts'

/**
 * Paths of everything in a snapshot that is no directory, from its root and without a leading slash, in the order of names. Bytes that are not
 * UTF-8 become U+FFFD.
 *
 * @returns null when there are more than `most`, or pages of the tree are lost
 */
export function listFilePaths(
  repository: Repository,
  snapshot: Snapshot,
  most: number,
): string[] | null {
  const { files, others } = snapshot.statistics
  if (files + others > most) return null
  const paths: string[] = []
  try {
    for (const { directory, page } of walkTree(
      repository,
      rootOf(snapshot),
      entryCountOf(snapshot),
    )) {
      for (let index = 0; index < page.entryCount; index++) {
        if (isDirectory(page.mode(index))) continue
        if (paths.length === most) return null
        paths.push(walkedPath(directory, page.name(index)).toString('utf8', 1))
      }
    }
  } catch (error) {
    if (!isLoss(error)) throw error
    return null
  }
  return paths.sort()
}
