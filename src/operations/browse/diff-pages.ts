import type { PageReference } from '../../format/tree/directory-reader.ts'
import { decodeTreePage, type TreePage } from '../../format/tree/tree-page.ts'
import { refusePage } from '../../format/tree/tree-damage.ts'
import type { Repository } from '../../repository/repository.ts'

/** An entry of a page of level 0. */
export interface PageEntry {
  readonly page: TreePage
  readonly index: number
}

/** One name in two directories; null where it is missing. */
export type EntryPair = readonly [before: PageEntry | null, after: PageEntry | null]

/** Opens a page and checks that it is as long as its reference says. */
function openPage(repository: Repository, { id, bytes }: PageReference): TreePage {
  // A copy, because the view would keep its whole segment in memory.
  const plaintext = Buffer.from(repository.trees.readTree(id, bytes))
  if (plaintext.length !== bytes) refusePage('it has another length than its reference says')
  return decodeTreePage(plaintext, id)
}

/**
 * Pairs the entries of two directories by name, in the order of names. Pages that both have are not opened: equal ids are equal pages, also
 * in the middle of a huge directory.
 */
export function* pairEntries(
  repository: Repository,
  before: PageReference | null,
  after: PageReference | null,
): Generator<EntryPair, void, undefined> {
  const [left, right] = differingPages(repository, before, after)
  const olds = entriesOf(repository, left)
  const news = entriesOf(repository, right)
  let old = olds.next()
  let young = news.next()
  while (!old.done || !young.done) {
    const order = old.done ? 1 : young.done ? -1 : compareEntries(old.value, young.value)
    yield [
      order <= 0 && !old.done ? old.value : null,
      order >= 0 && !young.done ? young.value : null,
    ]
    if (order <= 0) old = olds.next()
    if (order >= 0) young = news.next()
  }
}

function compareEntries(left: PageEntry, right: PageEntry): number {
  const { page, index } = right
  return left.page.compareName(
    left.index,
    page.bytes,
    page.nameOffsets[index],
    page.nameOffsets[index + 1],
  )
}

interface LevelledReference extends PageReference {
  readonly level: number
  /** Where it had to be opened already. */
  readonly page?: TreePage
}

/** The references to pages of level 0, in order, without those that both sides have. */
function differingPages(
  repository: Repository,
  before: PageReference | null,
  after: PageReference | null,
): [LevelledReference[], LevelledReference[]] {
  if (before && after && before.id.equals(after.id)) return [[], []]
  let [left, right] = [before, after].map((top) => topOf(repository, top))
  for (;;) {
    const level = [...left, ...right].reduce((most, page) => Math.max(most, page.level), 0)
    if (level === 0) return [left, right]
    // Only the highest level is opened up, so that both sides arrive at a common page on the same level.
    ;[left, right] = withoutCommon(
      openUp(repository, left, level),
      openUp(repository, right, level),
    )
  }
}

function topOf(repository: Repository, top: PageReference | null): LevelledReference[] {
  if (!top) return []
  const page = openPage(repository, top)
  return [{ ...top, level: page.level, page }]
}

function openUp(
  repository: Repository,
  references: readonly LevelledReference[],
  level: number,
): LevelledReference[] {
  return references.flatMap((reference) => {
    if (reference.level < level) return [reference]
    const page = reference.page ?? openPage(repository, reference)
    return Array.from({ length: page.entryCount }, (_, index) => ({
      id: Buffer.from(page.chunkId(page.chunkOffsets[index])),
      bytes: page.chunkBytes(page.chunkOffsets[index]),
      level: level - 1,
    }))
  })
}

function withoutCommon(
  left: LevelledReference[],
  right: LevelledReference[],
): [LevelledReference[], LevelledReference[]] {
  const rights = new Set(right.map(({ id }) => id.toString('latin1')))
  const common = new Set(
    left.map(({ id }) => id.toString('latin1')).filter((key) => rights.has(key)),
  )
  const isOwn = ({ id }: PageReference): boolean => !common.has(id.toString('latin1'))
  return [left.filter(isOwn), right.filter(isOwn)]
}

function* entriesOf(
  repository: Repository,
  references: readonly LevelledReference[],
): Generator<PageEntry, void, undefined> {
  for (const reference of references) {
    const page = reference.page ?? openPage(repository, reference)
    for (let index = 0; index < page.entryCount; index++) yield { page, index }
  }
}
