import { joinNames } from './join-names.ts'
import type { DirectoryWriter, StoredDirectory } from '../../format/tree/directory-writer.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import type { CopiedContents } from './content-batch.ts'
import type { KnownEntries } from './known-entries.ts'

/** What is to become of an entry. */
export const fate = {
  /** It has no content: a link, device, fifo or empty file. */
  plain: 0,
  /** The target's references stand for it unread. */
  taken: 1,
  /** A regular file that a worker reads. */
  read: 2,
  directory: 3,
} as const

/** A page of the source on its way, in columns. */
export class PageSlice {
  readonly page: TreePage
  readonly fates: Uint8Array
  /** The target's entry of the same name, whether or not it is the same. */
  readonly knownPages: (TreePage | undefined)[] = []
  readonly knownIndexes: Uint32Array
  readonly contents: (CopiedContents | undefined)[] = []
  /** Place of each file in its batch. */
  readonly contentFiles: Uint32Array
  readonly directories: Map<number, StoredDirectory> = new Map()
  /** Next entry to look at. */
  position = 0
  /** Files that are being read and directories below that are not finished. */
  pending = 0
  isScanned = false

  constructor(page: TreePage) {
    this.page = page
    this.fates = new Uint8Array(page.entryCount)
    this.knownIndexes = new Uint32Array(page.entryCount)
    this.contentFiles = new Uint32Array(page.entryCount)
  }
}

export interface DirectoryPlace {
  readonly directory: CopiedDirectory
  readonly slice: PageSlice
  readonly index: number
}

/** One directory on its way into the target. */
export class CopiedDirectory {
  /** Where it belongs when it is finished; null for the root. */
  readonly place: DirectoryPlace | null
  readonly depth: number
  readonly pages: Iterator<TreePage>
  readonly known: KnownEntries
  readonly slices: PageSlice[] = []
  writer: DirectoryWriter | null = null
  isWalked = false
  isFinished = false

  constructor(place: DirectoryPlace | null, pages: Iterator<TreePage>, known: KnownEntries) {
    this.place = place
    this.depth = place ? place.directory.depth + 1 : 0
    this.pages = pages
    this.known = known
  }

  /** Path from the root, with a leading slash; `/` for the root itself. */
  get path(): Buffer {
    const names: Buffer[] = []
    for (let { place } = this as CopiedDirectory; place; { place } = place.directory) {
      names.push(place.slice.page.name(place.index))
    }
    return joinNames(names.reverse())
  }

  pathOf(slice: PageSlice, index: number): Buffer {
    const { path } = this
    const name = slice.page.name(index)
    return path.length === 1 ? Buffer.concat([path, name]) : joinNames([path.subarray(1), name])
  }
}
