import type { PageReference } from '../../format/tree/directory-reader.ts'
import { isDirectory } from '../../format/tree/entry-kind.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import { topPageOf } from '../../repository/find-entry.ts'
import type { Repository } from '../../repository/repository.ts'
import { nothingKnown, type KnownEntries, type KnownEntry } from '../copy/known-entries.ts'
import { PageCursor } from '../../repository/page-cursor.ts'
import type { LostPaths } from './find-lost-paths.ts'
import { tolerantPages } from './tolerant-pages.ts'

/**
 * What a damaged snapshot still has, beside a snapshot of the same files in another repository: everything but the files and the pages of
 * directories that are lost, which alone are to be read.
 */
export class IntactEntries implements KnownEntries {
  readonly #repository: Repository
  readonly #lost: LostPaths
  readonly #key: string
  readonly #cursor: PageCursor
  #found: KnownEntry | null = null

  /** @param key path of the directory, bytes as latin1 text; empty for the root */
  constructor(repository: Repository, top: PageReference, lost: LostPaths, key: string = '') {
    this.#repository = repository
    this.#lost = lost
    this.#key = key
    this.#cursor = new PageCursor(tolerantPages(repository, top, () => undefined))
  }

  find(page: TreePage, index: number): KnownEntry | null {
    this.#found = null
    if (!this.#cursor.findSame(page, index)) return null
    const { page: known, index: at } = this.#cursor
    const isFolder = isDirectory(page.mode(index))
    if (isFolder !== isDirectory(known.mode(at))) return null
    const name = page.name(index).toString('latin1')
    const isSame = isFolder
      ? !this.#lost.affected.has(`${this.#key}/${name}`)
      : !this.#lost.filesIn.get(this.#key)?.has(name) || isOtherFile(page, index, known, at)
    this.#found = { page: known, index: at, isSame }
    return this.#found
  }

  below(): KnownEntries {
    if (!this.#found) return nothingKnown
    const { page, index } = this.#found
    const key = `${this.#key}/${page.name(index).toString('latin1')}`
    return new IntactEntries(this.#repository, topPageOf(page, index), this.#lost, key)
  }
}

/** A lost file whose content is another one there would be read in vain. */
function isOtherFile(left: TreePage, index: number, right: TreePage, at: number): boolean {
  return (
    left.sizeOf(index) !== right.sizeOf(at) ||
    left.mtimeSeconds(index) !== right.mtimeSeconds(at) ||
    left.mtimeNs(index) !== right.mtimeNs(at)
  )
}
