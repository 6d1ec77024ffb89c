import { HoldfastError, SourceError } from '../../foundation/errors.ts'
import { EntryDraft } from './entry-draft.ts'
import { isDirectory, isRegular, isStorableMode } from './entry-kind.ts'
import { extrasFault } from './extras.ts'
import { compareByteRanges, hashName, isEntryName, nameBytesMax } from './names.ts'
import { draftBytes, entryBytes, OpenPage } from './open-page.ts'
import { decodeTreePage, type TreePage } from './tree-page.ts'
import {
  blobBytesMax,
  closingMask,
  longPageBytes,
  longPageClosingMask,
  pageBytesWritten,
  pageEntriesBeforeClosing,
  pageEntriesWritten,
  pageHeaderBytes,
  pageLevelMax,
} from './tree-limits.ts'

/** Keeps a finished page or list as a tree blob and returns its id (32 bytes), which is copied before the next call. */
export type StoreTreeBlob = (bytes: Buffer) => Uint8Array

/** A whole directory in the repository. */
export interface StoredDirectory {
  /** Id of the top page. */
  readonly id: Buffer
  /** Length of the top page. */
  readonly bytes: number
  /** Level of the top page. */
  readonly level: number
  readonly entryCount: number
  /** Sum of the sizes of all regular files below, in bytes, at most 2^53 - 1: the `size` of the directory's entry. */
  readonly totalSize: number
}

const nanosecondsPerSecond = 1_000_000_000

/** The pages of one level, of which the last is still open. */
class OpenLevel {
  readonly page: OpenPage = new OpenPage()
  pagesStored = 0
  /** Entries of level 0 in or below the open page. */
  entriesBelow = 0
  /** Of the page stored last. */
  lastBytes = 0
  readonly lastId: Buffer = Buffer.alloc(32)
}

/**
 * Writes one directory after the other: entries in the order of their names come in, pages go out to `store`.
 *
 * Pages end where the names say (docs/FORMAT.md, section 9), so a changed entry rewrites one page per level.
 * Every new page is read back by the decoder before it is stored; a page of level 0 that comes back whole through
 * {@link appendFrom} keeps its id and does not go to `store` again. After an error other than a refused entry,
 * {@link clear} makes it usable again.
 */
export class DirectoryWriter {
  readonly #store: StoreTreeBlob
  readonly #levels: OpenLevel[] = [new OpenLevel()]
  readonly #child = new EntryDraft()
  readonly #childBytes = new Float64Array(1)
  /** Last name of the page stored last, for the order across pages. */
  readonly #previousName = Buffer.alloc(nameBytesMax)
  #previousNameEnd = 0
  #entryCount = 0
  #totalSize = 0

  constructor(store: StoreTreeBlob) {
    this.#store = store
  }

  /** Entries since the last {@link finish} or {@link clear}. */
  get entryCount(): number {
    return this.#entryCount
  }

  /**
   * Appends a scanned entry; everything is copied.
   *
   * @throws {SourceError} when the format cannot hold it (size above 2^53 - 1, socket, impossible time stamp or
   * name, a link target that is not as long as the size, more than 32 MiB of attributes); the writer goes on
   * without the entry.
   * @throws {RangeError} when its name is not after the one before.
   */
  append(draft: EntryDraft): void {
    const { names, nameStart, nameEnd } = draft
    checkDraft(draft)
    this.#checkOrder(names, nameStart, nameEnd)
    this.#makeRoom(0, draftBytes(draft))
    this.#levels[0].page.append(draft)
    this.#countEntry(draft.mode, draft.size)
  }

  /**
   * Appends an entry of an earlier snapshot's page as it is. The page may be looked at until {@link finish}, so its
   * bytes must not change before.
   *
   * @param flags Other flags for it, when the numbering of devices differs between the snapshots.
   * @throws {RangeError} when its name is not after the one before, or the page is not of level 0.
   */
  appendFrom(page: TreePage, index: number, flags: number = page.flags(index)): void {
    if (page.level !== 0 || index < 0 || index >= page.entryCount) {
      throw new RangeError(`No directory entry ${index} in this page`)
    }
    this.#checkOrder(page.bytes, page.nameOffsets[index], page.nameOffsets[index + 1])
    this.#makeRoom(0, entryBytes(page, index))
    this.#levels[0].page.appendFrom(page, index, flags)
    this.#countEntry(page.mode(index), page.sizeOf(index))
  }

  /** Stores what is open, up to one top page, and starts a new directory. An empty one is one page without entries. */
  finish(): StoredDirectory {
    let level = 0
    while (this.#levels[level].pagesStored > 0) {
      const open = this.#levels[level]
      if (open.page.entryCount > 0) this.#closePage(level)
      if (open.pagesStored === 1) break
      level += 1
    }
    const top = this.#levels[level]
    if (top.pagesStored === 0) this.#storePage(level)
    const directory: StoredDirectory = {
      id: Buffer.from(top.lastId),
      bytes: top.lastBytes,
      level,
      entryCount: this.#entryCount,
      totalSize: this.#totalSize,
    }
    this.clear()
    return directory
  }

  /** Forgets the directory that was begun. Pages that went out stay where they are. */
  clear(): void {
    for (const open of this.#levels) {
      open.page.clear()
      open.pagesStored = 0
      open.entriesBelow = 0
    }
    this.#previousNameEnd = 0
    this.#entryCount = 0
    this.#totalSize = 0
  }

  #checkOrder(bytes: Uint8Array, start: number, end: number): void {
    const { page } = this.#levels[0]
    const order =
      page.entryCount > 0
        ? compareByteRanges(page.names, page.lastNameStart, page.lastNameEnd, bytes, start, end)
        : compareByteRanges(this.#previousName, 0, this.#previousNameEnd, bytes, start, end)
    if (order >= 0) throw new RangeError('Entries of a directory must come in the order of names')
  }

  #countEntry(mode: number, size: number): void {
    this.#entryCount += 1
    this.#levels[0].entriesBelow += 1
    if (isRegular(mode) || isDirectory(mode)) {
      // Sparse files may claim more than numbers hold together; a sum that stands still loses nothing.
      this.#totalSize = Math.min(this.#totalSize + size, Number.MAX_SAFE_INTEGER)
    }
    this.#closeWhenDue(0)
  }

  /** Closes the open page when the next entry would make it too long. */
  #makeRoom(level: number, nextBytes: number): void {
    const { page } = this.#levels[level]
    if (page.entryCount > 0 && page.byteLength + nextBytes > pageBytesWritten) {
      this.#closePage(level)
    }
  }

  #closeWhenDue(level: number): void {
    const { page } = this.#levels[level]
    const isLong = page.byteLength >= longPageBytes
    if (page.entryCount < pageEntriesBeforeClosing && !isLong) return
    const mask = isLong ? longPageClosingMask : closingMask
    const hash = hashName(page.names, page.lastNameStart, page.lastNameEnd)
    if ((hash & mask) === 0 || page.entryCount >= pageEntriesWritten) {
      this.#closePage(level)
    }
  }

  /** Stores the open page and begins another one, so there will be a level above. */
  #closePage(level: number): void {
    this.#storePage(level)
    const open = this.#levels[level]
    if (level === 0) {
      const { names, lastNameStart, lastNameEnd } = open.page
      this.#previousNameEnd = lastNameEnd - lastNameStart
      names.copy(this.#previousName, 0, lastNameStart, lastNameEnd)
    }
    this.#appendChild(level)
    open.entriesBelow = 0
    open.page.clear()
  }

  #storePage(level: number): void {
    const open = this.#levels[level]
    open.pagesStored += 1
    const same = open.page.samePage
    if (same?.id !== undefined) {
      open.lastId.set(same.id)
      open.lastBytes = same.bytes.length
      return
    }
    const bytes = open.page.encode(level)
    readBack(bytes)
    const id = this.#store(bytes)
    if (id.length !== 32) throw new RangeError('The id of a tree blob must have 32 bytes')
    open.lastId.set(id)
    open.lastBytes = bytes.length
  }

  /** Enters the page stored last into the open page of the level above. */
  #appendChild(level: number): void {
    const above = level + 1
    if (above > pageLevelMax)
      throw new SourceError('Cannot save a directory: it has too many entries')
    if (this.#levels.length === above) this.#levels.push(new OpenLevel())
    const { page, entriesBelow, lastBytes, lastId } = this.#levels[level]
    const child = this.#child
    child.names = page.names
    child.nameStart = page.firstNameStart
    child.nameEnd = page.firstNameEnd
    child.size = entriesBelow
    this.#childBytes[0] = lastBytes
    child.setContent(lastId, this.#childBytes)
    this.#makeRoom(above, draftBytes(child))
    this.#levels[above].page.append(child)
    this.#levels[above].entriesBelow += entriesBelow
    this.#closeWhenDue(above)
  }
}

/** What a file system can bring up and the format cannot hold. The rest is for {@link readBack}. */
function checkDraft(draft: EntryDraft): void {
  if (!isEntryName(draft.names, draft.nameStart, draft.nameEnd)) refuse('its name is impossible')
  if (!isStorableMode(draft.mode)) refuse(`its mode is 0o${draft.mode.toString(8)}`)
  if (!Number.isSafeInteger(draft.size) || draft.size < 0) refuse(`its size is ${draft.size}`)
  if (!isNanoseconds(draft.mtimeNs)) refuse(`its mtime has ${draft.mtimeNs} nanoseconds`)
  if (!isNanoseconds(draft.ctimeNs)) refuse(`its ctime has ${draft.ctimeNs} nanoseconds`)
  const fault = extrasFault(draft.extras, draft.extraStart, draft.extraEnd, draft.mode, draft.size)
  if (fault !== '') refuse(`it ${fault}`)
  const bytes = pageHeaderBytes + draftBytes(draft)
  if (bytes > blobBytesMax) refuse(`its metadata takes ${bytes} bytes`)
}

function refuse(state: string): never {
  throw new SourceError(`Cannot save an entry: ${state}`)
}

function isNanoseconds(value: number): boolean {
  return value >= 0 && value < nanosecondsPerSecond
}

/** A page that this program cannot read must never be stored: a flipped bit in memory, or a fault of its own. */
function readBack(page: Buffer): void {
  try {
    decodeTreePage(page)
  } catch (error) {
    throw new HoldfastError('INTERNAL', 'Cannot store a tree page: it cannot be read back', {
      cause: error,
    })
  }
}
