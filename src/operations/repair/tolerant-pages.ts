import type { PageReference } from '../../format/tree/directory-reader.ts'
import { decodeTreePage, type TreePage } from '../../format/tree/tree-page.ts'
import { DamageError } from '../../foundation/errors.ts'
import { isLoss } from '../../repository/loss.ts'
import type { Repository } from '../../repository/repository.ts'

/** What the page above says of a page. */
interface Expected {
  readonly level: number
  readonly entries: number
}

/** @param entries how many were on the pages that are lost; null when nothing tells */
export type OnLostPages = (entries: number | null, error: Error) => void

/**
 * The pages of level 0 of a directory that can be read, in the order of names; a lost one does not take those behind it along.
 *
 * @throws {RepositoryError} when the storage fails otherwise than by loss
 */
export function* tolerantPages(
  repository: Repository,
  top: PageReference,
  onLost: OnLostPages,
): Generator<TreePage, void, undefined> {
  yield* pagesBelow(repository, top, null, onLost)
}

function* pagesBelow(
  repository: Repository,
  reference: PageReference,
  expected: Expected | null,
  onLost: OnLostPages,
): Generator<TreePage, void, undefined> {
  let page: TreePage
  try {
    page = readPage(repository, reference, expected)
  } catch (error) {
    if (!isLoss(error)) throw error
    onLost(expected?.entries ?? null, error)
    return
  }
  if (page.level === 0) {
    yield page
    return
  }
  for (let index = 0; index < page.entryCount; index++) {
    const child = page.chunkOffsets[index]
    // A view is overwritten by no later read: `trees` hands out buffers that stay.
    const below = { id: page.chunkId(child), bytes: page.chunkBytes(child) }
    const said = { level: page.level - 1, entries: page.sizeOf(index) }
    yield* pagesBelow(repository, below, said, onLost)
  }
}

function readPage(
  repository: Repository,
  { id, bytes }: PageReference,
  expected: Expected | null,
): TreePage {
  const page = decodeTreePage(repository.trees.readTree(id, bytes), id)
  const isOther =
    expected !== null &&
    (page.level !== expected.level || (page.level === 0 && page.entryCount !== expected.entries))
  if (isOther) throw new DamageError('Cannot read a directory: a page is not the one that is named')
  return page
}
