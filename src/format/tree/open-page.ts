import type { EntryDraft } from './entry-draft.ts'
import { entryFixedBytes, pageHeaderBytes, referenceBytes } from './tree-limits.ts'
import { TreePageBuilder } from './tree-page-builder.ts'
import type { TreePage } from './tree-page.ts'

/**
 * The page that a level is filling. As long as its entries are the first ones of one and the same earlier page it only
 * counts them; when they turn out to be the whole of it, that page is used again and nothing is encoded, hashed or
 * stored. Most directories of a nightly backup end like this.
 */
export class OpenPage {
  readonly #builder: TreePageBuilder = new TreePageBuilder()
  /** While set, the builder is empty and the page's entries [0, #runEnd) stand for what it should hold. */
  #run: TreePage | undefined
  #runEnd = 0
  #byteLength = pageHeaderBytes

  get entryCount(): number {
    return this.#run === undefined ? this.#builder.entryCount : this.#runEnd
  }

  /** Length of the page if it were encoded now. */
  get byteLength(): number {
    return this.#byteLength
  }

  /** Where {@link firstNameStart} and the others point to; good until the next append. */
  get names(): Buffer {
    return this.#run === undefined ? this.#builder.names : this.#run.bytes
  }

  get firstNameStart(): number {
    return this.#run === undefined ? 0 : this.#run.nameOffsets[0]
  }

  get firstNameEnd(): number {
    return this.#run === undefined ? this.#builder.firstNameEnd : this.#run.nameOffsets[1]
  }

  get lastNameStart(): number {
    const run = this.#run
    return run === undefined ? this.#builder.lastNameStart : run.nameOffsets[this.#runEnd - 1]
  }

  get lastNameEnd(): number {
    const run = this.#run
    return run === undefined ? this.#builder.nameEnd : run.nameOffsets[this.#runEnd]
  }

  /** The earlier page that this one equals, with its id; undefined when it has to be encoded. */
  get samePage(): TreePage | undefined {
    return this.#run !== undefined && this.#runEnd === this.#run.entryCount ? this.#run : undefined
  }

  append(draft: EntryDraft): void {
    this.#copyRun()
    this.#builder.append(draft)
    this.#byteLength += draftBytes(draft)
  }

  appendFrom(page: TreePage, index: number, flags: number): void {
    this.#byteLength += entryBytes(page, index)
    if (this.#isNextOfRun(page, index) && flags === page.flags(index)) {
      this.#run = page
      this.#runEnd = index + 1
      return
    }
    this.#copyRun()
    this.#builder.appendFrom(page, index, flags)
  }

  encode(level: number): Buffer {
    this.#copyRun()
    return this.#builder.encode(level)
  }

  /** Forgets the entries and keeps the memory. */
  clear(): void {
    this.#builder.clear()
    this.#run = undefined
    this.#runEnd = 0
    this.#byteLength = pageHeaderBytes
  }

  #isNextOfRun(page: TreePage, index: number): boolean {
    if (this.#run !== undefined) return this.#run === page && this.#runEnd === index
    return index === 0 && page.id !== undefined && this.#builder.entryCount === 0
  }

  #copyRun(): void {
    const run = this.#run
    if (run === undefined) return
    for (let index = 0; index < this.#runEnd; index++) {
      this.#builder.appendFrom(run, index, run.flags(index))
    }
    this.#run = undefined
    this.#runEnd = 0
  }
}

/** What a draft adds to the length of a page. */
export function draftBytes(draft: EntryDraft): number {
  const textBytes = draft.nameEnd - draft.nameStart + (draft.extraEnd - draft.extraStart)
  return entryFixedBytes + referenceBytes * draft.chunkCount + textBytes
}

/** What an entry takes of the length of its page. */
export function entryBytes(page: TreePage, index: number): number {
  const { nameOffsets, chunkOffsets, extraOffsets } = page
  return (
    entryFixedBytes +
    referenceBytes * (chunkOffsets[index + 1] - chunkOffsets[index]) +
    (nameOffsets[index + 1] - nameOffsets[index]) +
    (extraOffsets[index + 1] - extraOffsets[index])
  )
}
