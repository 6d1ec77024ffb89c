import { DirectoryReader } from '../../format/tree/directory-reader.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import { isLoss } from '../../repository/loss.ts'
import type { Repository } from '../../repository/repository.ts'
import type { OpenParentDirectory } from './parent-cursor.ts'

/**
 * Opens directories of the parent snapshot for change detection.
 *
 * A page that is missing or damaged makes its files look new: they are read and stored again, which is how a damaged tree heals. Any
 * other fault of the storage ends the run.
 */
export function openParentDirectories(repository: Repository): OpenParentDirectory {
  const reader = new DirectoryReader(
    (id, bytes) => repository.trees.readTree(id, bytes),
    Number.MAX_SAFE_INTEGER,
  )
  return (id, bytes) => pagesUntilDamage(reader.pages({ id, bytes }))
}

function* pagesUntilDamage(pages: Generator<TreePage, void, undefined>): Generator<TreePage> {
  try {
    yield* pages
  } catch (error) {
    if (!isLoss(error)) throw error
  }
}
