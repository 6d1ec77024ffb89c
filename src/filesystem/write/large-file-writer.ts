import type { FileMetadata } from '../metadata/file-metadata.ts'
import { closeUnwritten } from '../posix/close-unwritten.ts'
import { fileStatus } from '../posix/file-status.ts'
import { posix } from '../posix/posix.ts'
import { identityOf } from './held-directories.ts'
import type { DirectoryHandle } from './held-directories.ts'
import { createPartialFile } from './leftovers.ts'
import { createReplacing } from './special-files.ts'
import { componentsOf, finishFile, guardEntry, onEntry, pathText } from './writer-context.ts'
import type { CreatedFile, WriterContext } from './writer-context.ts'

const action = 'restore file'

export interface FilePlace {
  readonly directory: DirectoryHandle
  readonly name: Uint8Array
}

/**
 * A regular file written piece by piece under a temporary name in its own directory; it appears
 * under its name when it is complete, and whatever stood there before stays until then.
 *
 * Holes are made by not writing: what was never written reads as zeros and takes no space.
 */
export class LargeFileWriter {
  readonly #context: WriterContext
  readonly #place: FilePlace
  readonly #partialName: Buffer
  #fd: number

  /** Made by `SafeWriter.createLargeFile`. */
  constructor(context: WriterContext, place: FilePlace) {
    this.#context = context
    this.#place = place
    const { fd, name } = this.#onPlace((directoryFd) => createPartialFile(directoryFd))
    this.#fd = fd
    this.#partialName = name
    context.held.pin(place.directory)
  }

  /** For other threads, until `commit` or `abort`. */
  get descriptor(): number {
    return this.#open()
  }

  /**
   * Writes source[offset, offset + lengthBytes) at a position of the file.
   * @throws {TargetError} when that fails; the file must then be aborted.
   */
  write(source: Uint8Array, offset: number, lengthBytes: number, position: number): void {
    const fd = this.#open()
    guardEntry(this.#context, { action, ...this.#place }, () =>
      posix.write(fd, source, offset, lengthBytes, position),
    )
  }

  /**
   * Gives the file its length, metadata and name.
   * @throws {TargetError} when it cannot be published; nothing of it is left then.
   */
  commit(metadata: FileMetadata, lengthBytes: number): CreatedFile {
    const fd = this.#open()
    const { directory, name } = this.#place
    try {
      return this.#onPlace((directoryFd) => {
        posix.ftruncate(fd, lengthBytes)
        finishFile(this.#context, fd, metadata, () => pathText(this.#context, directory, name))
        const identity = identityOf(fileStatus(fd))
        this.#publish(directoryFd)
        this.#closePublished(directoryFd)
        return { components: componentsOf(directory, name), identity }
      })
    } catch (error) {
      this.abort()
      throw error
    }
  }

  /** Removes what was written so far. Harmless after `commit` and when repeated. */
  abort(): void {
    if (this.#fd < 0) return
    try {
      const directoryFd = this.#context.held.descriptorOf(this.#place.directory)
      posix.unlinkAt(directoryFd, this.#partialName)
    } catch {
      // The directory is gone or refuses; a later run sweeps what is left.
    }
    try {
      this.#close()
    } catch {
      // The content is given up anyway.
    }
  }

  #publish(directoryFd: number): void {
    const { name } = this.#place
    if (this.#context.replaceFiles)
      posix.renameAt(directoryFd, this.#partialName, directoryFd, name)
    else posix.renameNoReplace(directoryFd, this.#partialName, directoryFd, name)
  }

  /**
   * A network file system may report only now that it has no room; what it keeps is then no
   * restored file.
   */
  #closePublished(directoryFd: number): void {
    try {
      this.#close()
    } catch (error) {
      posix.unlinkAt(directoryFd, this.#place.name)
      throw error
    }
  }

  #close(): void {
    const fd = this.#fd
    this.#fd = -1
    this.#context.held.unpin(this.#place.directory)
    posix.close(fd)
  }

  #open(): number {
    if (this.#fd < 0) throw new TypeError('The file was committed or aborted already')
    return this.#fd
  }

  #onPlace<Result>(act: (directoryFd: number) => Result): Result {
    return onEntry(this.#context, { action, ...this.#place }, act)
  }
}

/** Writes a file in one piece, with all of its metadata; nothing is left when that fails. */
export function writeWholeFile(
  context: WriterContext,
  file: FilePlace & { readonly metadata: FileMetadata },
  content: Uint8Array,
): CreatedFile {
  const { directory, name, metadata } = file
  return onEntry(context, { action, directory, name }, (directoryFd) => {
    let fd = -1
    createReplacing(context, directoryFd, name, () => (fd = posix.createFile(directoryFd, name)))
    try {
      posix.write(fd, content, 0, content.length, 0)
      finishFile(context, fd, metadata, () => pathText(context, directory, name))
      const identity = identityOf(fileStatus(fd))
      const closing = fd
      fd = -1
      posix.close(closing)
      return { components: componentsOf(directory, name), identity }
    } catch (error) {
      if (fd >= 0) closeUnwritten(fd)
      posix.unlinkAt(directoryFd, name)
      throw error
    }
  })
}
