import type { Catalogue } from '../catalogue/catalogue.ts'
import { CatalogueError } from '../catalogue/errors.ts'
import {
  countEntriesUpTo,
  decodeTreePage,
  findEntry,
  type TreePage,
} from '../format/tree/tree-page.ts'
import { isDirectory } from '../format/tree/entry-kind.ts'
import { DamageError } from '../foundation/errors.ts'
import { idBytes } from '../model/ids.ts'
import { writeContentId } from './content-digest.ts'
import { PageUnpacker } from './page-packing.ts'

/** What a search looks at before it names an entry. */
export interface EntryFacts {
  readonly mode: number
  readonly size: number
  readonly mtimeSeconds: number
  readonly mtimeNs: number
  /**
   * The top page of a directory; for a file what `writeContentId` says of its content; null when there is no reference.
   */
  readonly content: Buffer | null
}

/** An entry and, for a directory, the row of its top page. */
export interface StepDown extends EntryFacts {
  readonly child: number | null
}

/** A directory on a page, or a page below it (mode 0), with the row of the page that it refers to. */
export interface PageChild {
  readonly name: Buffer
  readonly mode: number
  readonly size: number
  readonly child: number | null
}

/** Most pages have 2 KB, a full one a thousand times that. */
const keptBytesMax = 8 * 1024 * 1024
/** Whatever a catalogue that was tampered with says. */
const levelsMax = 8

/**
 * The pages of directories that the catalogue has, by row. Rows change with every rebuild: make one for each search on one state of the
 * catalogue.
 *
 * All methods throw `CatalogueError` where a page is not what was put in.
 */
export class CataloguedPages {
  readonly #catalogue: Catalogue
  readonly #unpacker = new PageUnpacker()
  readonly #pages = new Map<number, TreePage>()
  #keptBytes = 0

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue
  }

  /** @returns undefined when there is none of this row */
  page(row: number): TreePage | undefined {
    const known = this.#pages.get(row)
    if (known) return known
    const page = this.#read(row)
    if (!page) return undefined
    if (this.#keptBytes > keptBytesMax) {
      this.#pages.clear()
      this.#keptBytes = 0
    }
    this.#pages.set(row, page)
    this.#keptBytes += page.bytes.length
    return page
  }

  /** One entry of a page of level 0. */
  entry(row: number, name: Buffer): EntryFacts | undefined {
    const page = this.page(row)
    const index = page ? findEntry(page, name) : -1
    return page && index >= 0 ? factsOf(page, index) : undefined
  }

  /** Top page of the directory that has this name on a page of level 0. */
  childOf(row: number, name: Buffer): number | undefined {
    const page = this.page(row)
    const index = page ? findEntry(page, name) : -1
    return page && index >= 0 ? (this.#childAt(page, index) ?? undefined) : undefined
  }

  /** The directories on a page, and the pages below a page of a higher level. */
  children(row: number): PageChild[] {
    const page = this.page(row)
    if (!page) return []
    const children: PageChild[] = []
    for (let index = 0; index < page.entryCount; index++) {
      const mode = page.mode(index)
      if (!refersToPage(mode)) continue
      const child = this.#childAt(page, index)
      children.push({ name: page.name(index), mode, size: page.sizeOf(index), child })
    }
    return children
  }

  /** One entry of a directory of any number of pages. @param top its top page */
  stepDown(top: number, name: Buffer): StepDown | undefined {
    let page = this.page(top)
    for (let left = levelsMax; page && page.level > 0 && left > 0; left--) {
      const index = countEntriesUpTo(page, name) - 1
      const below = index < 0 ? null : this.#childAt(page, index)
      page = below === null ? undefined : this.page(below)
    }
    const index = page?.level === 0 ? findEntry(page, name) : -1
    if (!page || index < 0) return undefined
    return { ...factsOf(page, index), child: this.#childAt(page, index) }
  }

  #read(row: number): TreePage | undefined {
    const { search, path } = this.#catalogue
    const found = search.content(row)
    if (!found) return undefined
    try {
      return decodeTreePage(this.#unpacker.unpack(found.content, found.bytes))
    } catch (cause) {
      if (!(cause instanceof DamageError)) throw cause
      const message = `Cannot read a page of a directory in the catalogue "${path}": ${cause.message}`
      throw new CatalogueError('damaged', message, { path, cause })
    }
  }

  #childAt(page: TreePage, index: number): number | null {
    if (!refersToPage(page.mode(index)) || page.chunkCountOf(index) === 0) return null
    return this.#catalogue.search.rowOf(page.chunkId(page.chunkOffsets[index])) ?? null
  }
}

function refersToPage(mode: number): boolean {
  return mode === 0 || isDirectory(mode)
}

function factsOf(page: TreePage, index: number): EntryFacts {
  return {
    mode: page.mode(index),
    size: page.sizeOf(index),
    mtimeSeconds: page.mtimeSeconds(index),
    mtimeNs: page.mtimeNs(index),
    content: contentOf(page, index),
  }
}

function contentOf(page: TreePage, index: number): Buffer | null {
  if (page.chunkCountOf(index) === 0) return null
  const content = Buffer.allocUnsafe(idBytes)
  writeContentId(page, index, content)
  return content
}
