import type { LargeFileWriter } from '../../filesystem/write/large-file-writer.ts'
import type { SafeWriter } from '../../filesystem/write/safe-writer.ts'
import type { CreatedFile } from '../../filesystem/write/writer-context.ts'
import { isRegular } from '../../format/tree/entry-kind.ts'
import { decodeTreePage, type TreePage } from '../../format/tree/tree-page.ts'
import { TargetError } from '../../foundation/errors.ts'
import { DirectoryStack } from './directory-stack.ts'
import { entryMetadata } from './entry-metadata.ts'
import {
  newRestoreReply,
  partedFileBytesMin,
  type FilePart,
  type RestoreReply,
  type RestoreUnit,
} from './restore-batch.ts'

/** Long enough that a segment is rarely needed by two parts. */
const partBytes = 32 * 1024 * 1024

/** A file that all threads write together. It appears under its name when the last part is written. */
export interface PartedFile {
  parts(): Generator<FilePart>
  /** @returns what became of the file, once the last part is done */
  take(reply: RestoreReply): RestoreReply | undefined
}

/**
 * Large files that are new in the target: made by the main thread, written by all the others, each a part of it, and finished by the main
 * thread. Descriptors are the process's, so no file is opened twice.
 */
export class PartedFiles {
  readonly #writer: SafeWriter
  readonly #open = new Set<WrittenInParts>()

  constructor(writer: SafeWriter) {
    this.#writer = writer
  }

  /** @returns undefined for what is to be written in the usual way: that also tells why it cannot be */
  begin(unit: RestoreUnit): PartedFile | undefined {
    if (unit.indexes.length !== 1 || unit.contentBytes < partedFileBytesMin) return undefined
    const { buffer, byteOffset, byteLength } = unit.page
    const page = decodeTreePage(Buffer.from(buffer, byteOffset, byteLength))
    const index = unit.indexes[0]
    if (!isRegular(page.mode(index))) return undefined
    // Its own, because the directories stay open until the last part is written, and the walk goes on meanwhile.
    const stack = new DirectoryStack(this.#writer)
    try {
      const file = this.#create(stack, unit, page.name(index))
      if (!file) {
        stack.leaveDownTo(0)
        return undefined
      }
      const entry = { page, index, path: file.path, linkKey: unit.linkKeys[0] ?? null }
      const written = new WrittenInParts(file.writer, entry, () => {
        stack.leaveDownTo(0)
        this.#open.delete(written)
      })
      this.#open.add(written)
      return written
    } catch (error) {
      stack.leaveDownTo(0)
      if (!(error instanceof TargetError)) throw error
      return undefined
    }
  }

  #create(
    stack: DirectoryStack,
    { components }: RestoreUnit,
    name: Buffer,
  ): { writer: LargeFileWriter; path: string } | undefined {
    const directory = stack.enter(components)
    // What stands there may have some of the content already, and rules say what becomes of it.
    if (this.#writer.hasEntry(directory, name)) return undefined
    const path = this.#writer.describe(directory, name)
    return { writer: this.#writer.createLargeFile(directory, name), path }
  }

  /** Removes what is not finished. */
  close(): void {
    for (const file of this.#open) file.abort()
  }
}

class WrittenInParts implements PartedFile {
  readonly #file: LargeFileWriter
  readonly #page: TreePage
  readonly #index: number
  readonly #path: string
  readonly #linkKey: string | null
  readonly #sizeBytes: number
  #partsLeft: number
  #failure: string | undefined
  readonly #onEnd: () => void

  /** @param onEnd called when it is finished or given up */
  constructor(
    file: LargeFileWriter,
    entry: { page: TreePage; index: number; path: string; linkKey: string | null },
    onEnd: () => void,
  ) {
    this.#onEnd = onEnd
    this.#file = file
    this.#page = entry.page
    this.#index = entry.index
    this.#path = entry.path
    this.#linkKey = entry.linkKey
    this.#sizeBytes = entry.page.sizeOf(entry.index)
    this.#partsLeft = Math.ceil(this.#sizeBytes / partBytes)
  }

  *parts(): Generator<FilePart> {
    // Copied once: a view would take all of its memory along to each thread.
    const page = new Uint8Array(this.#page.bytes)
    for (let start = 0; start < this.#sizeBytes; start += partBytes) {
      yield {
        descriptor: this.#file.descriptor,
        path: this.#path,
        page,
        index: this.#index,
        start,
        end: Math.min(start + partBytes, this.#sizeBytes),
      }
    }
  }

  take(reply: RestoreReply): RestoreReply | undefined {
    this.#failure ??= reply.failures[0]?.message
    this.#partsLeft -= 1
    if (this.#partsLeft > 0) return undefined
    try {
      return this.#finish()
    } finally {
      this.#onEnd()
    }
  }

  abort(): void {
    this.#file.abort()
    this.#onEnd()
  }

  #finish(): RestoreReply {
    const result = newRestoreReply()
    try {
      if (this.#failure === undefined) {
        const created = this.#file.commit(entryMetadata(this.#page, this.#index), this.#sizeBytes)
        this.#note(result, created)
        return result
      }
      this.#file.abort()
    } catch (error) {
      if (!(error instanceof TargetError)) throw error
      this.#failure = error.message
    }
    result.failures.push({ message: this.#failure })
    return result
  }

  #note(result: RestoreReply, created: CreatedFile): void {
    result.filesRestored = 1
    result.bytesRestored = this.#sizeBytes
    if (this.#linkKey !== null) result.linked.set(this.#linkKey, created)
  }
}
