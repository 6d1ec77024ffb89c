import { DirectoryReader } from '../format/tree/directory-reader.ts'
import type { TreePage } from '../format/tree/tree-page.ts'
import { isLoss } from './loss.ts'
import { PlacesAhead } from './places-ahead.ts'
import type { Repository } from './repository.ts'

/** Gives the pages of level 0 of a directory of a snapshot that is compared with, in order. */
export type OpenParentDirectory = (id: Buffer, bytes: number) => Iterator<TreePage>

/**
 * Opens directories of the parent snapshot for change detection.
 *
 * A page that is missing or damaged makes its files look new: they are read and stored again, which is how a damaged tree heals. Any
 * other fault of the storage ends the run.
 */
export function openParentDirectories(repository: Repository): OpenParentDirectory {
  const ahead = new PlacesAhead(repository, undefined)
  const reader = new DirectoryReader(
    (id, bytes) => ahead.readPage(id, bytes),
    Number.MAX_SAFE_INTEGER,
  )
  return (id, bytes) => pagesUntilDamage(reader.pages({ id, bytes }), ahead)
}

function* pagesUntilDamage(
  pages: Generator<TreePage, void, undefined>,
  ahead: PlacesAhead,
): Generator<TreePage> {
  try {
    for (const page of pages) {
      ahead.add(page)
      yield page
    }
  } catch (error) {
    if (!isLoss(error)) throw error
  }
}
